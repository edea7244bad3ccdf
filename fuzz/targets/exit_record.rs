//! Any bytes as one of the records in an attempt's folder: a record or a reason, and a record survives being
//! written again.
#![no_main]

use std::fmt::Debug;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wg_dispatch::files::{ExitRecord, LaunchSpec, RECORD_VERSION, ShimFile, Started, parse};

fuzz_target!(|bytes: &[u8]| {
    check::<ExitRecord>(bytes);
    check::<Started>(bytes);
    check::<ShimFile>(bytes);
    check::<LaunchSpec>(bytes);
});

fn check<R: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) {
    let path = Path::new("record.json");
    let record: R = match parse(path, bytes) {
        Ok(record) => record,
        Err(why) => {
            assert!(!why.to_string().is_empty());
            return;
        }
    };
    let mut object = serde_json::to_value(&record).expect("a record is plain data");
    object["version"] = RECORD_VERSION.into();
    let written = serde_json::to_vec(&object).expect("a record is plain data");
    assert_eq!(parse::<R>(path, &written).expect("what was written is read"), record);
}
