-- A graph in format 3, which counts what was used on each day, as it was first written: what reads it today must
-- still read it. Never changed.
BEGIN TRANSACTION;
CREATE TABLE artifacts (
    task INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    path TEXT NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;
INSERT INTO artifacts VALUES(1,1,1795420807000000000,'user:ann','notes.md',-7062240914058676236);
CREATE TABLE attempts (
    reference INTEGER PRIMARY KEY,
    change INTEGER NOT NULL,
    task TEXT NOT NULL,
    live INTEGER NOT NULL
) STRICT;
INSERT INTO attempts VALUES(1,9,'port-the-parser',0);
INSERT INTO attempts VALUES(2,15,'port-the-parser',1);
INSERT INTO attempts VALUES(3,32,'.chat-1',1);
INSERT INTO attempts VALUES(4,39,'.chat-4',1);
CREATE TABLE changes (
    n INTEGER PRIMARY KEY,
    op INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    key ANY NOT NULL,
    version INTEGER NOT NULL,
    body TEXT,
    sum INTEGER NOT NULL
) STRICT;
INSERT INTO changes VALUES(1,1,0,'port-the-parser',1,'{"id":"port-the-parser","title":"Port the parser","description":"First of all.\n\nAs the *grammar* says.","state":{"is":"open"},"priority":50,"tags":["parser"],"deliverables":["src/parser.rs"],"paths":["src"],"times":{"created_at":"2026-11-23T08:00:01.000000000+00:00"},"run":{"exec":"make parser","timeout":{"secs":90,"nanos":0},"max_attempts":2},"visibility":"internal","history":{"fence":0,"attempts":0,"spent":0,"lost":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"}}}',-8537118812040794233);
INSERT INTO changes VALUES(2,2,0,'load-the-tables',1,'{"id":"load-the-tables","title":"Load the tables","state":{"is":"open"},"priority":10,"skills":["sql"],"after":["port-the-parser"],"times":{"created_at":"2026-11-23T08:00:02.000000000+00:00"},"run":{"model":"claude:opus"},"visibility":"public","history":{"fence":0,"attempts":0,"spent":0,"lost":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"}}}',2218850438649389916);
INSERT INTO changes VALUES(3,3,0,'rger-mit-umlauten',1,'{"id":"rger-mit-umlauten","title":"Ärger mit Umlauten","state":{"is":"open"},"priority":10,"parent":"load-the-tables","discovered_from":"port-the-parser","times":{"created_at":"2026-11-23T08:00:03.000000000+00:00","not_before":"2026-11-24T08:00:00.000000000+00:00"},"paused":true,"visibility":"internal","history":{"fence":0,"attempts":0,"spent":0,"lost":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"}}}',3858231371572134819);
INSERT INTO changes VALUES(4,4,0,'load-the-tables',2,'{"id":"load-the-tables","title":"Load all tables","state":{"is":"open"},"priority":10,"skills":["sql"],"after":["port-the-parser"],"times":{"created_at":"2026-11-23T08:00:02.000000000+00:00"},"run":{"adapter":"codex"},"visibility":"public","history":{"fence":0,"attempts":0,"spent":0,"lost":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"}}}',904117626784195489);
INSERT INTO changes VALUES(5,8,0,'port-the-parser',2,'{"id":"port-the-parser","title":"Port the parser","description":"First of all.\n\nAs the *grammar* says.","state":{"is":"in-progress","by":{"attempt":"agent-1"}},"priority":50,"tags":["parser"],"deliverables":["src/parser.rs"],"paths":["src"],"times":{"created_at":"2026-11-23T08:00:01.000000000+00:00","started_at":"2026-11-23T08:00:08.000000000+00:00"},"run":{"exec":"make parser","timeout":{"secs":90,"nanos":0},"max_attempts":2},"visibility":"internal","history":{"fence":1,"attempts":1,"spent":0,"lost":0,"last":"agent-1","starts":{"full_at":"2026-11-23T08:01:08.000000000+00:00"}}}',-6530735067376557202);
INSERT INTO changes VALUES(6,8,1,1,1,'{"reference":"agent-1","task":"port-the-parser","number":1,"fence":1,"nonce":18446744073709551615,"adapter":"shell","host":"box","state":{"is":"starting"},"created_at":"2026-11-23T08:00:08.000000000+00:00","timeout":{"secs":90,"nanos":0}}',7332456144526135211);
INSERT INTO changes VALUES(7,9,1,1,2,'{"reference":"agent-1","task":"port-the-parser","number":1,"fence":1,"nonce":18446744073709551615,"adapter":"shell","host":"box","state":{"is":"running","since":"2026-11-23T08:00:09.000000000+00:00"},"created_at":"2026-11-23T08:00:08.000000000+00:00","shim":{"boot":"3d8f","pid_namespace":4026531836,"pid":4711,"start_time":99},"timeout":{"secs":90,"nanos":0}}',5521916174670343109);
INSERT INTO changes VALUES(8,10,0,'port-the-parser',3,'{"id":"port-the-parser","title":"Port the parser","description":"First of all.\n\nAs the *grammar* says.","state":{"is":"open"},"priority":50,"tags":["parser"],"deliverables":["src/parser.rs"],"paths":["src"],"times":{"created_at":"2026-11-23T08:00:01.000000000+00:00","started_at":"2026-11-23T08:00:08.000000000+00:00","not_before":"2026-11-23T08:00:37.000000000+00:00"},"run":{"exec":"make parser","timeout":{"secs":90,"nanos":0},"max_attempts":2},"visibility":"internal","history":{"fence":1,"attempts":1,"spent":1,"lost":0,"last":"agent-1","starts":{"full_at":"2026-11-23T08:01:08.000000000+00:00"}}}',4252518770168185308);
INSERT INTO changes VALUES(9,10,1,1,3,'{"reference":"agent-1","task":"port-the-parser","number":1,"fence":1,"nonce":18446744073709551615,"adapter":"shell","host":"box","state":{"is":"finished","at":"2026-11-23T08:00:10.000000000+00:00","outcome":{"is":"exited-badly","status":{"signal":9}}},"created_at":"2026-11-23T08:00:08.000000000+00:00","shim":{"boot":"3d8f","pid_namespace":4026531836,"pid":4711,"start_time":99},"timeout":{"secs":90,"nanos":0}}',2535518800966183314);
INSERT INTO changes VALUES(10,11,0,'port-the-parser',4,'{"id":"port-the-parser","title":"Port the parser","description":"First of all.\n\nAs the *grammar* says.","state":{"is":"waiting","on":{"until":"2026-11-23T08:01:00.000000000+00:00"}},"priority":50,"tags":["parser"],"deliverables":["src/parser.rs"],"paths":["src"],"times":{"created_at":"2026-11-23T08:00:01.000000000+00:00","started_at":"2026-11-23T08:00:08.000000000+00:00","not_before":"2026-11-23T08:00:37.000000000+00:00"},"run":{"exec":"make parser","timeout":{"secs":90,"nanos":0},"max_attempts":2},"visibility":"internal","history":{"fence":1,"attempts":1,"spent":1,"lost":0,"last":"agent-1","starts":{"full_at":"2026-11-23T08:01:08.000000000+00:00"}}}',-9080615577255826957);
INSERT INTO changes VALUES(11,12,0,'port-the-parser',5,'{"id":"port-the-parser","title":"Port the parser","description":"First of all.\n\nAs the *grammar* says.","state":{"is":"open"},"priority":50,"tags":["parser"],"deliverables":["src/parser.rs"],"paths":["src"],"times":{"created_at":"2026-11-23T08:00:01.000000000+00:00","started_at":"2026-11-23T08:00:08.000000000+00:00","not_before":"2026-11-23T08:00:37.000000000+00:00"},"run":{"exec":"make parser","timeout":{"secs":90,"nanos":0},"max_attempts":2},"visibility":"internal","history":{"fence":1,"attempts":1,"spent":1,"lost":0,"last":"agent-1","starts":{"full_at":"2026-11-23T08:01:08.000000000+00:00"}}}',4252518770168185308);
INSERT INTO changes VALUES(12,14,0,'port-the-parser',6,'{"id":"port-the-parser","title":"Port the parser","description":"First of all.\n\nAs the *grammar* says.","state":{"is":"in-progress","by":{"attempt":"agent-2"}},"priority":50,"tags":["parser"],"deliverables":["src/parser.rs"],"paths":["src"],"times":{"created_at":"2026-11-23T08:00:01.000000000+00:00","started_at":"2026-11-23T09:00:14.000000000+00:00"},"run":{"exec":"make parser","timeout":{"secs":90,"nanos":0},"max_attempts":2},"visibility":"internal","history":{"fence":2,"attempts":2,"spent":1,"lost":0,"last":"agent-2","starts":{"full_at":"2026-11-23T09:01:14.000000000+00:00"}}}',152493392691137602);
INSERT INTO changes VALUES(13,14,1,2,1,'{"reference":"agent-2","task":"port-the-parser","number":2,"fence":2,"nonce":2,"adapter":"shell","host":"box","state":{"is":"starting"},"created_at":"2026-11-23T09:00:14.000000000+00:00","timeout":{"secs":90,"nanos":0}}',3722535019415951244);
INSERT INTO changes VALUES(14,15,2,0,1,'{"paused":{"by":"user:ann","at":"2026-11-23T09:00:15.000000000+00:00"}}',-6078532724667280368);
INSERT INTO changes VALUES(15,16,1,2,2,'{"reference":"agent-2","task":"port-the-parser","number":2,"fence":2,"nonce":2,"adapter":"shell","host":"box","state":{"is":"starting"},"created_at":"2026-11-23T09:00:14.000000000+00:00","stop":{"by":"user:ann","at":"2026-11-23T09:00:16.000000000+00:00","why":"wrong branch"},"timeout":{"secs":90,"nanos":0}}',-6089252449132178178);
INSERT INTO changes VALUES(16,17,0,'bd-1.2',1,'{"id":"bd-1.2","title":"From elsewhere","state":{"is":"failed","reason":"no"},"priority":10,"after":["nowhere"],"times":{"created_at":"2026-11-23T08:00:00.000000000+00:00","completed_at":"2026-11-23T08:00:00.000000000+00:00"},"visibility":"internal","history":{"fence":0,"attempts":0,"spent":0,"lost":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"}},"notes":{"estimate":"3"}}',-5107308163160706811);
INSERT INTO changes VALUES(17,18,0,'rger-mit-umlauten',2,'{"id":"rger-mit-umlauten","title":"Ärger mit Umlauten","state":{"is":"abandoned"},"priority":10,"parent":"load-the-tables","discovered_from":"port-the-parser","times":{"created_at":"2026-11-23T08:00:03.000000000+00:00","completed_at":"2026-11-23T09:00:18.000000000+00:00"},"paused":true,"visibility":"internal","history":{"fence":0,"attempts":0,"spent":0,"lost":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"}}}',-7559117031009310522);
INSERT INTO changes VALUES(18,19,0,'rger-mit-umlauten',3,'{"id":"rger-mit-umlauten","title":"Ärger mit Umlauten","state":{"is":"open"},"priority":10,"parent":"load-the-tables","discovered_from":"port-the-parser","times":{"created_at":"2026-11-23T08:00:03.000000000+00:00","not_before":"2026-11-24T08:00:00.000000000+00:00"},"paused":true,"visibility":"internal","history":{"fence":0,"attempts":0,"spent":0,"lost":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"}}}',3858231371572134819);
INSERT INTO changes VALUES(19,20,0,'load-the-tables',3,'{"id":"load-the-tables","title":"Load all tables","state":{"is":"in-progress","by":{"person":"ann"}},"priority":10,"skills":["sql"],"after":["port-the-parser"],"times":{"created_at":"2026-11-23T08:00:02.000000000+00:00","started_at":"2026-11-23T09:00:20.000000000+00:00"},"run":{"adapter":"codex"},"visibility":"public","history":{"fence":0,"attempts":0,"spent":0,"lost":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"}}}',7583219366227345610);
INSERT INTO changes VALUES(20,21,2,0,2,'{}',1840598080192123256);
INSERT INTO changes VALUES(21,22,0,'.chat-1',1,'{"id":".chat-1","kind":"chat","title":"Plans","state":{"is":"in-progress","by":"chat"},"priority":10,"times":{"created_at":"2026-11-26T08:00:01.000000000+00:00"},"visibility":"internal","history":{"fence":0,"attempts":0,"spent":0,"lost":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"}}}',-1131462231362760337);
INSERT INTO changes VALUES(22,22,3,1,1,'{"number":"chat-1","name":"Plans","created_at":"2026-11-26T08:00:01.000000000+00:00","run":{"adapter":"claude","model":"opus"},"state":{"is":"dormant"},"fence":0,"failures":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"},"handlers":0,"turns":0,"parsed":0}',2516717134852345529);
INSERT INTO changes VALUES(23,23,0,'.chat-2',1,'{"id":".chat-2","kind":"chat","title":"Held one","state":{"is":"in-progress","by":"chat"},"priority":10,"times":{"created_at":"2026-11-26T08:00:02.000000000+00:00"},"visibility":"internal","history":{"fence":0,"attempts":0,"spent":0,"lost":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"}}}',-5553328918841364193);
INSERT INTO changes VALUES(24,23,3,2,1,'{"number":"chat-2","name":"Held one","created_at":"2026-11-26T08:00:02.000000000+00:00","run":{"adapter":"claude","model":"opus"},"state":{"is":"dormant"},"fence":0,"failures":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"},"handlers":0,"turns":0,"parsed":0}',-8076927440588215551);
INSERT INTO changes VALUES(25,24,0,'.chat-3',1,'{"id":".chat-3","kind":"chat","title":"Old one","state":{"is":"in-progress","by":"chat"},"priority":10,"times":{"created_at":"2026-11-26T08:00:03.000000000+00:00"},"visibility":"internal","history":{"fence":0,"attempts":0,"spent":0,"lost":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"}}}',-4757441960949521645);
INSERT INTO changes VALUES(26,24,3,3,1,'{"number":"chat-3","name":"Old one","created_at":"2026-11-26T08:00:03.000000000+00:00","run":{"adapter":"claude","model":"opus"},"state":{"is":"dormant"},"fence":0,"failures":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"},"handlers":0,"turns":0,"parsed":0}',3207567657036806737);
INSERT INTO changes VALUES(27,25,0,'.chat-4',1,'{"id":".chat-4","kind":"chat","title":"Troubled","state":{"is":"in-progress","by":"chat"},"priority":10,"times":{"created_at":"2026-11-26T08:00:04.000000000+00:00"},"visibility":"internal","history":{"fence":0,"attempts":0,"spent":0,"lost":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"}}}',4610249720161392937);
INSERT INTO changes VALUES(28,25,3,4,1,'{"number":"chat-4","name":"Troubled","created_at":"2026-11-26T08:00:04.000000000+00:00","run":{"adapter":"claude","model":"opus"},"state":{"is":"dormant"},"fence":0,"failures":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"},"handlers":0,"turns":0,"parsed":0}',2524737792238418790);
INSERT INTO changes VALUES(29,30,3,2,2,'{"number":"chat-2","name":"Held one","created_at":"2026-11-26T08:00:02.000000000+00:00","run":{"adapter":"claude","model":"opus"},"state":{"is":"held","by":"user:ann","at":"2026-11-26T08:00:09.000000000+00:00"},"fence":1,"failures":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"},"handlers":0,"turns":0,"parsed":0}',-5528085059756694019);
INSERT INTO changes VALUES(30,31,0,'.chat-3',2,'{"id":".chat-3","kind":"chat","title":"Old one","state":{"is":"done"},"priority":10,"tags":["archived"],"times":{"created_at":"2026-11-26T08:00:03.000000000+00:00","completed_at":"2026-11-26T08:00:10.000000000+00:00"},"visibility":"internal","history":{"fence":0,"attempts":0,"spent":0,"lost":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"}}}',802102461320609180);
INSERT INTO changes VALUES(31,31,3,3,2,'{"number":"chat-3","name":"Old one","created_at":"2026-11-26T08:00:03.000000000+00:00","run":{"adapter":"claude","model":"opus"},"state":{"is":"archived","by":"user:ann","at":"2026-11-26T08:00:10.000000000+00:00"},"fence":1,"failures":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"},"handlers":0,"turns":0,"parsed":0}',3907310954791955479);
INSERT INTO changes VALUES(32,32,1,3,1,'{"reference":"agent-3","task":".chat-1","kind":"handler","number":1,"fence":1,"nonce":18446744073709551614,"adapter":"claude","model":"opus","host":"box","state":{"is":"starting"},"created_at":"2026-11-26T08:00:11.000000000+00:00"}',-8158798670517436756);
INSERT INTO changes VALUES(33,32,3,1,2,'{"number":"chat-1","name":"Plans","created_at":"2026-11-26T08:00:01.000000000+00:00","run":{"adapter":"claude","model":"opus"},"state":{"is":"starting","handler":"agent-3","by":"2026-11-26T08:00:41.000000000+00:00","configuration":18446744073709551615},"fence":1,"failures":0,"starts":{"full_at":"2026-11-26T08:01:11.000000000+00:00"},"handlers":1,"last":"agent-3","turns":0,"parsed":0}',-2547677367115787758);
INSERT INTO changes VALUES(34,33,1,4,1,'{"reference":"agent-4","task":".chat-4","kind":"handler","number":1,"fence":1,"nonce":18446744073709551611,"adapter":"claude","model":"opus","host":"box","state":{"is":"starting"},"created_at":"2026-11-26T08:00:12.000000000+00:00"}',3519079999210160159);
INSERT INTO changes VALUES(35,33,3,4,2,'{"number":"chat-4","name":"Troubled","created_at":"2026-11-26T08:00:04.000000000+00:00","run":{"adapter":"claude","model":"opus"},"state":{"is":"starting","handler":"agent-4","by":"2026-11-26T08:00:42.000000000+00:00","configuration":18446744073709551615},"fence":1,"failures":0,"starts":{"full_at":"2026-11-26T08:01:12.000000000+00:00"},"handlers":1,"last":"agent-4","turns":0,"parsed":0}',609760126383057433);
INSERT INTO changes VALUES(36,34,3,1,3,'{"number":"chat-1","name":"Plans","created_at":"2026-11-26T08:00:01.000000000+00:00","run":{"adapter":"claude","model":"opus"},"state":{"is":"live","handler":"agent-3","configuration":18446744073709551615,"answered":false},"fence":1,"failures":0,"starts":{"full_at":"2026-11-26T08:01:11.000000000+00:00"},"handlers":1,"last":"agent-3","turns":0,"parsed":10,"session":"s-1"}',8788949532689448171);
INSERT INTO changes VALUES(37,35,3,1,4,'{"number":"chat-1","name":"Plans","created_at":"2026-11-26T08:00:01.000000000+00:00","run":{"adapter":"claude","model":"opus"},"state":{"is":"live","handler":"agent-3","configuration":18446744073709551615,"answered":false,"turn":{"number":1,"message":1,"since":"2026-11-26T08:00:14.000000000+00:00"}},"fence":1,"failures":0,"starts":{"full_at":"2026-11-26T08:01:11.000000000+00:00"},"handlers":1,"last":"agent-3","turns":1,"parsed":10,"session":"s-1"}',-6273724225131898281);
INSERT INTO changes VALUES(38,36,3,1,5,'{"number":"chat-1","name":"Plans","created_at":"2026-11-26T08:00:01.000000000+00:00","run":{"adapter":"claude","model":"opus"},"state":{"is":"live","handler":"agent-3","configuration":18446744073709551615,"answered":true},"fence":1,"failures":0,"starts":{"full_at":"2026-11-26T08:01:11.000000000+00:00"},"handlers":1,"last":"agent-3","turns":1,"parsed":90,"session":"s-1","usage":{"input":3,"output":20,"cost_micros":17,"model":"opus"}}',-5746022123553099783);
INSERT INTO changes VALUES(39,37,1,4,2,'{"reference":"agent-4","task":".chat-4","kind":"handler","number":1,"fence":1,"nonce":18446744073709551611,"adapter":"claude","model":"opus","host":"box","state":{"is":"starting"},"created_at":"2026-11-26T08:00:12.000000000+00:00","stop":{"by":"dispatcher@box","at":"2026-11-26T08:00:16.000000000+00:00","why":"chat-4 is gave-up (auth): no key"}}',-5352670211741436980);
INSERT INTO changes VALUES(40,37,3,4,3,'{"number":"chat-4","name":"Troubled","created_at":"2026-11-26T08:00:04.000000000+00:00","run":{"adapter":"claude","model":"opus"},"state":{"is":"gave-up","reason":"auth","detail":"no key","at":"2026-11-26T08:00:16.000000000+00:00","configuration":18446744073709551615},"fence":1,"failures":0,"starts":{"full_at":"2026-11-26T08:01:12.000000000+00:00"},"handlers":1,"last":"agent-4","turns":0,"parsed":5}',3669812958856714024);
CREATE TABLE chats (
    number INTEGER PRIMARY KEY,
    change INTEGER NOT NULL,
    standing INTEGER NOT NULL,
    waiting INTEGER NOT NULL
) STRICT;
INSERT INTO chats VALUES(1,38,1,1);
INSERT INTO chats VALUES(2,29,3,0);
INSERT INTO chats VALUES(3,31,4,0);
INSERT INTO chats VALUES(4,40,2,1);
CREATE TABLE consumers (
    chat INTEGER PRIMARY KEY,
    last_at INTEGER,
    ping_until INTEGER,
    sum INTEGER NOT NULL
) STRICT;
INSERT INTO consumers VALUES(1,1795680017000000000,1795680077000000000,-8229720270176208154);
INSERT INTO consumers VALUES(3,1795680007000000000,NULL,1128099142836600257);
INSERT INTO consumers VALUES(4,1795680008000000000,NULL,5575605760363522886);
CREATE TABLE counts (
    class INTEGER NOT NULL,
    lane TEXT NOT NULL,
    tasks INTEGER NOT NULL,
    PRIMARY KEY (class, lane)
) STRICT, WITHOUT ROWID;
INSERT INTO counts VALUES(1,'',1);
INSERT INTO counts VALUES(4,'+shell',1);
INSERT INTO counts VALUES(4,'.',3);
INSERT INTO counts VALUES(6,'+codex',1);
INSERT INTO counts VALUES(16,'.',1);
INSERT INTO counts VALUES(22,'',1);
CREATE TABLE dependencies (
    after TEXT NOT NULL,
    task INTEGER NOT NULL,
    PRIMARY KEY (after, task)
) STRICT, WITHOUT ROWID;
INSERT INTO dependencies VALUES('nowhere',4);
INSERT INTO dependencies VALUES('port-the-parser',2);
CREATE TABLE effects (
    attempt INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    state INTEGER NOT NULL,
    host TEXT,
    sum INTEGER NOT NULL,
    PRIMARY KEY (attempt, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO effects VALUES(1,0,1,2,NULL,247014505444458308);
INSERT INTO effects VALUES(1,1,1,2,NULL,2911225811651607793);
INSERT INTO effects VALUES(2,0,2,1,'box',-4580548755206006375);
INSERT INTO effects VALUES(2,1,2,0,NULL,6293207886963204662);
INSERT INTO effects VALUES(3,0,1,1,'box',1200873670140458825);
INSERT INTO effects VALUES(4,0,1,1,'box',-7890486920097424204);
INSERT INTO effects VALUES(4,1,1,0,NULL,-62978899649496307);
CREATE TABLE entries (
    chat INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (chat, number)
) STRICT, WITHOUT ROWID;
INSERT INTO entries VALUES(1,1,1795680005000000000,'{"kind":"message","from":"user:ann","text":"Wie weit sind wir?"}',2308108366923537567);
INSERT INTO entries VALUES(1,2,1795680006000000000,'{"kind":"message","from":"user:ann","text":"And the tables?"}',-7407977981464888359);
INSERT INTO entries VALUES(1,3,1795680015000000000,'{"kind":"tool","message":1,"name":"Bash","detail":"wg list"}',-6726770235659566500);
INSERT INTO entries VALUES(1,4,1795680015000000000,'{"kind":"answer","message":1,"text":"Halb fertig.\n","handler":"agent-3","usage":{"input":3,"output":20,"cost_micros":17,"model":"opus"}}',2723812812384673181);
INSERT INTO entries VALUES(3,1,1795680007000000000,'{"kind":"message","from":"user:ann","text":"never answered"}',2009974185466831443);
INSERT INTO entries VALUES(4,1,1795680008000000000,'{"kind":"message","from":"user:ann","text":"hello"}',366576752408443246);
CREATE TABLE imported (
    id TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    sum INTEGER NOT NULL
) STRICT;
INSERT INTO imported VALUES('bd-1.2','{"id":"bd-1.2","title":"From elsewhere","state":{"is":"failed","reason":"no"},"priority":10,"after":["nowhere"],"times":{"created_at":"2026-11-23T08:00:00.000000000+00:00","completed_at":"2026-11-23T08:00:00.000000000+00:00"},"visibility":"internal","history":{"fence":0,"attempts":0,"spent":0,"lost":0,"starts":{"full_at":"1970-01-01T00:00:00.000000000+00:00"}},"notes":{"estimate":"3"}}',-5107308163160706811);
CREATE TABLE inbox (
    chat INTEGER NOT NULL,
    number INTEGER NOT NULL,
    kills INTEGER NOT NULL,
    deliveries INTEGER NOT NULL,
    state INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (chat, number)
) STRICT, WITHOUT ROWID;
INSERT INTO inbox VALUES(1,1,0,1,2,4446257544426991464);
INSERT INTO inbox VALUES(1,2,0,0,0,-6540671796333433477);
INSERT INTO inbox VALUES(3,1,0,0,1,-9157691960942428809);
INSERT INTO inbox VALUES(4,1,0,0,0,5189411120932791523);
CREATE TABLE log (
    task INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    message TEXT NOT NULL,
    op INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;
INSERT INTO log VALUES(1,1,1795420805000000000,'user:ann','Begun',5,-4226807026029271721);
INSERT INTO log VALUES(1,2,1795420808000000000,'dispatcher@box','attempt 1 starts: agent-1',8,-1164708659961127120);
INSERT INTO log VALUES(1,3,1795420810000000000,'dispatcher@box','agent-1 exited badly (signal 9); next attempt in 27s',10,2304354628930252260);
INSERT INTO log VALUES(1,4,1795420811000000000,'user:ann','waits for 2026-11-23T08:01:00.000000000+00:00',11,-6425582947397477944);
INSERT INTO log VALUES(1,5,1795420812000000000,'dispatcher@box','what it waited for has come',12,3857865666845440261);
INSERT INTO log VALUES(1,6,1795424414000000000,'dispatcher@box','attempt 2 starts: agent-2',14,-2141960392530532848);
INSERT INTO log VALUES(1,7,1795424416000000000,'user:ann','agent-2 is to end: wrong branch',16,3319706369301567388);
INSERT INTO log VALUES(2,1,1795424420000000000,'user:ann','claimed by ann',20,-4284886018286348025);
INSERT INTO log VALUES(3,1,1795424418000000000,'user:ann','abandoned',18,8056987056500845579);
INSERT INTO log VALUES(3,2,1795424419000000000,'user:ann','operation 18 was undone',19,3614346246566338911);
INSERT INTO log VALUES(4,1,1795420800000000000,'bob','imported',17,-8356298664772176876);
INSERT INTO log VALUES(6,1,1795680009000000000,'user:ann','held by user:ann',30,385526446992855892);
INSERT INTO log VALUES(7,1,1795680010000000000,'user:ann','archived by user:ann',31,7146429289553900867);
INSERT INTO log VALUES(8,1,1795680016000000000,'dispatcher@box','gave up (auth): no key',37,7984081387750379279);
CREATE TABLE messages (
    task INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    sender TEXT NOT NULL,
    body TEXT NOT NULL,
    read_by INTEGER,
    sum INTEGER NOT NULL,
    PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;
INSERT INTO messages VALUES(1,1,1795420806000000000,'user:ann','Mind the comments',NULL,6773449715461907357);
CREATE TABLE operations (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    command TEXT NOT NULL,
    first_change INTEGER NOT NULL,
    sum INTEGER NOT NULL
) STRICT;
INSERT INTO operations VALUES(1,1795420801000000000,'user:ann','{"add":{"title":"Port the parser","id":null,"description":"First of all.\n\nAs the *grammar* says.","priority":50,"tags":["parser"],"skills":[],"after":[],"parent":null,"discovered_from":null,"deliverables":["src/parser.rs"],"paths":["src"],"not_before":null,"run":{"exec":"make parser","timeout":{"secs":90,"nanos":0},"max_attempts":2},"paused":false,"visibility":"internal"}}',1,-5330537340019583112);
INSERT INTO operations VALUES(2,1795420802000000000,'user:ann','{"add":{"title":"Load the tables","id":null,"description":"","priority":10,"tags":[],"skills":["sql"],"after":["port-the-parser"],"parent":null,"discovered_from":null,"deliverables":[],"paths":[],"not_before":null,"run":{"model":"claude:opus"},"paused":false,"visibility":"public"}}',2,-7595578364805338925);
INSERT INTO operations VALUES(3,1795420803000000000,'user:ann','{"add":{"title":"Ärger mit Umlauten","id":null,"description":"","priority":10,"tags":[],"skills":[],"after":[],"parent":"load-the-tables","discovered_from":"port-the-parser","deliverables":[],"paths":[],"not_before":"2026-11-24T08:00:00.000000000+00:00","run":{},"paused":true,"visibility":"internal"}}',3,2047582194245128407);
INSERT INTO operations VALUES(4,1795420804000000000,'user:ann','{"edit":{"tasks":["load-the-tables"],"patch":{"title":"Load all tables","parent":null,"run":{"adapter":"codex","model":null}}}}',4,4211154044235992341);
INSERT INTO operations VALUES(5,1795420805000000000,'user:ann','{"log":{"task":"port-the-parser","message":"Begun"}}',5,4971726359551299409);
INSERT INTO operations VALUES(6,1795420806000000000,'user:ann','{"post-message":{"task":"port-the-parser","body":"Mind the comments"}}',5,4904068106587973615);
INSERT INTO operations VALUES(7,1795420807000000000,'user:ann','{"add-artifact":{"task":"port-the-parser","path":"notes.md"}}',5,5619470492663305415);
INSERT INTO operations VALUES(8,1795420808000000000,'dispatcher@box','{"start-attempt":{"task":"port-the-parser","adapter":"shell","host":"box","nonce":18446744073709551615}}',5,6485578593450925040);
INSERT INTO operations VALUES(9,1795420809000000000,'dispatcher@box','{"attempt-started":{"attempt":"agent-1","fence":1,"shim":{"boot":"3d8f","pid_namespace":4026531836,"pid":4711,"start_time":99},"at":"2026-11-23T08:00:09.000000000+00:00"}}',7,1348974182941004000);
INSERT INTO operations VALUES(10,1795420810000000000,'dispatcher@box','{"attempt-ended":{"attempt":"agent-1","fence":1,"seen":{"is":"exited-badly","status":{"signal":9}},"at":"2026-11-23T08:00:10.000000000+00:00","jitter":-100,"first_pause":{"secs":30,"nanos":0},"max_attempts":3,"configuration":7}}',8,2910986447671694587);
INSERT INTO operations VALUES(11,1795420811000000000,'user:ann','{"wait":{"task":"port-the-parser","on":{"until":"2026-11-23T08:01:00.000000000+00:00"}}}',10,423422653230874979);
INSERT INTO operations VALUES(12,1795420812000000000,'dispatcher@box','{"wait-over":{"task":"port-the-parser","never":null}}',11,-5926455908680883726);
INSERT INTO operations VALUES(13,1795420813000000000,'dispatcher@box','{"dispatcher-started":{"host":"box"}}',12,7050859285857644205);
INSERT INTO operations VALUES(14,1795424414000000000,'dispatcher@box','{"start-attempt":{"task":"port-the-parser","adapter":"shell","host":"box","nonce":2}}',12,-472513982257081303);
INSERT INTO operations VALUES(15,1795424415000000000,'user:ann','"pause-dispatch"',14,-3027445301591416561);
INSERT INTO operations VALUES(16,1795424416000000000,'user:ann','{"kill":{"attempts":["agent-2"],"why":"wrong branch"}}',15,2131430736151744651);
INSERT INTO operations VALUES(17,1795424417000000000,'user:ann','{"import":{"source":"beads issues.jsonl"}}',16,2711588707084516689);
INSERT INTO operations VALUES(18,1795424418000000000,'user:ann','{"abandon":{"tasks":["rger-mit-umlauten"],"reason":null}}',17,-8496118873298591046);
INSERT INTO operations VALUES(19,1795424419000000000,'user:ann','{"undo":{"operation":18}}',18,2684205292615679730);
INSERT INTO operations VALUES(20,1795424420000000000,'user:ann','{"claim":{"task":"load-the-tables"}}',19,4346871819202030228);
INSERT INTO operations VALUES(21,1795680000000000000,'user:ann','"resume-dispatch"',20,9057920679397363335);
INSERT INTO operations VALUES(22,1795680001000000000,'user:ann','{"chat":{"create":{"name":"Plans","run":{"adapter":"claude","model":"opus"}}}}',21,6810342114298353042);
INSERT INTO operations VALUES(23,1795680002000000000,'user:ann','{"chat":{"create":{"name":"Held one","run":{"adapter":"claude","model":"opus"}}}}',23,-7413285863928374211);
INSERT INTO operations VALUES(24,1795680003000000000,'user:ann','{"chat":{"create":{"name":"Old one","run":{"adapter":"claude","model":"opus"}}}}',25,3298505743741229206);
INSERT INTO operations VALUES(25,1795680004000000000,'user:ann','{"chat":{"create":{"name":"Troubled","run":{"adapter":"claude","model":"opus"}}}}',27,-4832027547678729630);
INSERT INTO operations VALUES(26,1795680005000000000,'user:ann','{"chat":{"send":{"chat":"chat-1","text":"Wie weit sind wir?"}}}',29,-634175259721667160);
INSERT INTO operations VALUES(27,1795680006000000000,'user:ann','{"chat":{"send":{"chat":"chat-1","text":"And the tables?"}}}',29,-544824170128371946);
INSERT INTO operations VALUES(28,1795680007000000000,'user:ann','{"chat":{"send":{"chat":"chat-3","text":"never answered"}}}',29,-7849406053277438582);
INSERT INTO operations VALUES(29,1795680008000000000,'user:ann','{"chat":{"send":{"chat":"chat-4","text":"hello"}}}',29,338604108121173990);
INSERT INTO operations VALUES(30,1795680009000000000,'user:ann','{"chat":{"hold":{"chats":["chat-2"]}}}',29,-1050371640512409075);
INSERT INTO operations VALUES(31,1795680010000000000,'user:ann','{"chat":{"archive":{"chats":["chat-3"]}}}',30,7997282923582759014);
INSERT INTO operations VALUES(32,1795680011000000000,'dispatcher@box','{"chat":{"start":{"chat":"chat-1","host":"box","nonce":18446744073709551614,"configuration":18446744073709551615}}}',32,3993190661743236027);
INSERT INTO operations VALUES(33,1795680012000000000,'dispatcher@box','{"chat":{"start":{"chat":"chat-4","host":"box","nonce":18446744073709551611,"configuration":18446744073709551615}}}',34,-3513391450556779127);
INSERT INTO operations VALUES(34,1795680013000000000,'dispatcher@box','{"chat":{"heard":{"chat":"chat-1","handler":"agent-3","fence":1,"parsed":10,"jitter":0}}}',36,8064560803681956121);
INSERT INTO operations VALUES(35,1795680014000000000,'dispatcher@box','{"chat":{"deliver":{"chat":"chat-1","handler":"agent-3","message":1}}}',37,-545265719926482817);
INSERT INTO operations VALUES(36,1795680015000000000,'dispatcher@box','{"chat":{"heard":{"chat":"chat-1","handler":"agent-3","fence":1,"parsed":90,"jitter":0}}}',38,1562609284276489277);
INSERT INTO operations VALUES(37,1795680016000000000,'dispatcher@box','{"chat":{"heard":{"chat":"chat-4","handler":"agent-4","fence":1,"parsed":5,"jitter":0}}}',39,-5694739779530701124);
CREATE TABLE tags (
    tag TEXT NOT NULL,
    task INTEGER NOT NULL,
    PRIMARY KEY (tag, task)
) STRICT, WITHOUT ROWID;
INSERT INTO tags VALUES('archived',7);
INSERT INTO tags VALUES('parser',1);
CREATE TABLE tasks (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    change INTEGER NOT NULL,
    class INTEGER NOT NULL,
    unmet INTEGER NOT NULL,
    lane TEXT NOT NULL,
    age_key INTEGER NOT NULL,
    not_before INTEGER,
    held INTEGER NOT NULL,
    wait_task TEXT,
    wait_until INTEGER,
    parent TEXT,
    completed_at INTEGER
) STRICT;
INSERT INTO tasks VALUES(1,'port-the-parser',12,4,0,'+shell',1795402801000000000,NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO tasks VALUES(2,'load-the-tables',19,6,1,'+codex',1795417202000000000,NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO tasks VALUES(3,'rger-mit-umlauten',18,1,0,'',1795417203000000000,1795507200000000000,1,NULL,NULL,'load-the-tables',NULL);
INSERT INTO tasks VALUES(4,'bd-1.2',16,22,1,'',1795417200000000000,NULL,0,NULL,NULL,NULL,1795420800000000000);
INSERT INTO tasks VALUES(5,'.chat-1',21,4,0,'.',1795676401000000000,NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO tasks VALUES(6,'.chat-2',23,4,0,'.',1795676402000000000,NULL,0,NULL,NULL,NULL,NULL);
INSERT INTO tasks VALUES(7,'.chat-3',30,16,0,'.',1795676403000000000,NULL,0,NULL,NULL,NULL,1795680010000000000);
INSERT INTO tasks VALUES(8,'.chat-4',27,4,0,'.',1795676404000000000,NULL,0,NULL,NULL,NULL,NULL);
CREATE TABLE used (
    day INTEGER NOT NULL,
    task TEXT NOT NULL,
    adapter TEXT NOT NULL,
    model TEXT NOT NULL,
    input INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    priced INTEGER NOT NULL,
    PRIMARY KEY (day, task, adapter, model)
) STRICT, WITHOUT ROWID;
INSERT INTO used VALUES(20783,'.chat-1','claude','+opus',3,0,0,20,0,17,1);
CREATE UNIQUE INDEX changes_of_record ON changes (kind, key, op);
CREATE INDEX operations_by_actor ON operations (actor);
CREATE INDEX tasks_by_id ON tasks (class, id);
CREATE INDEX tasks_by_age ON tasks (class, age_key, id);
CREATE INDEX tasks_by_completion ON tasks (class, completed_at DESC, id);
CREATE INDEX tasks_ready ON tasks (lane, age_key, id) WHERE class = 0 AND held = 0;
CREATE INDEX tasks_due ON tasks (held, not_before) WHERE class = 0 AND not_before IS NOT NULL;
CREATE INDEX tasks_wait_task ON tasks (wait_task, id) WHERE wait_task IS NOT NULL;
CREATE INDEX tasks_wait_until ON tasks (wait_until, id) WHERE wait_until IS NOT NULL;
CREATE INDEX tasks_parent ON tasks (parent, id) WHERE parent IS NOT NULL;
CREATE INDEX attempts_of_task ON attempts (task);
CREATE INDEX attempts_live ON attempts (reference) WHERE live = 1;
CREATE INDEX effects_open ON effects (attempt, kind) WHERE state < 2;
CREATE INDEX tasks_of_chats ON tasks (id) WHERE lane = '.';
CREATE INDEX chats_unarchived ON chats (number) WHERE standing < 4;
CREATE INDEX chats_awake ON chats (number) WHERE standing = 1 OR standing = 0 AND waiting > 0;
CREATE INDEX chats_gave_up ON chats (number) WHERE standing = 2;
CREATE INDEX inbox_open ON inbox (chat, state, number) WHERE state < 2;
CREATE INDEX consumers_pinged ON consumers (ping_until, chat) WHERE ping_until IS NOT NULL;
CREATE VIEW used_by_history AS
WITH
    versions AS (
        SELECT c.kind, c.key, c.op, o.at,
            CASE c.kind WHEN 1 THEN c.body ->> '$.task' ELSE '.chat-' || c.key END AS task,
            CASE c.kind WHEN 1 THEN c.body ->> '$.adapter' ELSE c.body ->> '$.run.adapter' END AS adapter,
            CASE c.kind WHEN 1 THEN c.body ->> '$.model' ELSE c.body ->> '$.run.model' END AS asked,
            CASE c.kind WHEN 1 THEN c.body -> '$.progress.turns' ELSE c.body -> '$.usage' END AS past,
            c.body -> '$.progress.in_flight' AS flight
        FROM changes c JOIN operations o ON o.seq = c.op
        WHERE c.kind IN (1, 3)
    ),
    told AS (
        SELECT kind, key, op, task, adapter,
            (at - (at % 86400000000000 + 86400000000000) % 86400000000000) / 86400000000000 AS day,
            coalesce('+' || coalesce(flight ->> 'model', past ->> 'model', asked), '') AS model,
            min(ifnull(past ->> 'input', 0) + ifnull(flight ->> 'input', 0), 10000000000000) AS input,
            min(ifnull(past ->> 'cache_read', 0) + ifnull(flight ->> 'cache_read', 0), 10000000000000)
                AS cache_read,
            min(ifnull(past ->> 'cache_write', 0) + ifnull(flight ->> 'cache_write', 0), 10000000000000)
                AS cache_write,
            min(ifnull(past ->> 'output', 0) + ifnull(flight ->> 'output', 0), 10000000000000) AS output,
            min(ifnull(past ->> 'reasoning', 0) + ifnull(flight ->> 'reasoning', 0), 10000000000000)
                AS reasoning,
            min(ifnull(past ->> 'cost_micros', 0) + ifnull(flight ->> 'cost_micros', 0), 10000000000000)
                AS cost_micros,
            coalesce(past ->> 'cost_micros', flight ->> 'cost_micros') IS NOT NULL AS has_cost
        FROM versions
    ),
    more AS (
        SELECT day, task, adapter, model,
            input - lag(input, 1, 0) OVER history AS input,
            cache_read - lag(cache_read, 1, 0) OVER history AS cache_read,
            cache_write - lag(cache_write, 1, 0) OVER history AS cache_write,
            output - lag(output, 1, 0) OVER history AS output,
            reasoning - lag(reasoning, 1, 0) OVER history AS reasoning,
            cost_micros - lag(cost_micros, 1, 0) OVER history AS cost_micros,
            has_cost, has_cost > lag(has_cost, 1, 0) OVER history AS newly
        FROM told
        WINDOW history AS (PARTITION BY kind, key ORDER BY op)
    ),
    priced AS (
        SELECT *, has_cost AND (newly OR input <> 0 OR cache_read <> 0 OR cache_write <> 0 OR output <> 0
            OR reasoning <> 0 OR cost_micros <> 0) AS priced
        FROM more
    )
SELECT day, task, adapter, model, sum(input) AS input, sum(cache_read) AS cache_read,
    sum(cache_write) AS cache_write, sum(output) AS output, sum(reasoning) AS reasoning,
    sum(cost_micros) AS cost_micros, sum(priced) AS priced
FROM priced
GROUP BY day, task, adapter, model
HAVING sum(input) <> 0 OR sum(cache_read) <> 0 OR sum(cache_write) <> 0 OR sum(output) <> 0
    OR sum(reasoning) <> 0 OR sum(cost_micros) <> 0 OR sum(priced) <> 0;
COMMIT;
PRAGMA application_id = 2003527538;
PRAGMA user_version = 3;
