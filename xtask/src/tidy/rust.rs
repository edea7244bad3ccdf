//! What the Rust source itself says: length of functions, fields of structs, words that are kept out.
//!
//! Functions and structs come from the syntax tree; forbidden words are looked for in the token stream, so
//! that one inside a macro call is found and one inside a string or a comment is not.

use anyhow::Result;
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::Violation;
use crate::tree::Tree;

/// Lines of a function, from `fn` to its closing brace.
const FUNCTION_LINES: usize = 100;
/// Fields of a struct, or of a variant of an enum.
const FIELDS: usize = 20;
/// The one file that may hold `unsafe`.
const UNSAFE_IN: &str = "crates/dispatch/src/supervise/linux.rs";

/// Violations in every Rust file of the tree.
pub fn violations(tree: &Tree) -> Result<Vec<Violation>> {
    let mut found = Vec::new();
    for path in tree.ending_in(".rs") {
        match tree.text(path)? {
            Some(source) => found.extend(in_file(path, &source)),
            None => found.push(Violation::of("rust-syntax", path, "is not UTF-8")),
        }
    }
    Ok(found)
}

fn in_file(path: &str, source: &str) -> Vec<Violation> {
    let parsed = source.parse::<TokenStream>().map_err(syn::Error::from).and_then(|tokens| {
        let file: syn::File = syn::parse2(tokens.clone())?;
        Ok((tokens, file))
    });
    let (tokens, file) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            let line = error.span().start().line;
            return vec![Violation::of("rust-syntax", path, error.to_string()).at(line)];
        }
    };
    let mut shapes = Shapes { path, found: Vec::new() };
    shapes.visit_file(&file);
    let mut found = shapes.found;
    words(path, tokens, &mut found);
    found
}

struct Shapes<'a> {
    path: &'a str,
    found: Vec<Violation>,
}

impl Shapes<'_> {
    fn function(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let first = signature.fn_token.span.start().line;
        let lines = body.brace_token.span.close().end().line - first + 1;
        if lines > FUNCTION_LINES {
            let what = format!("fn {} has {lines} lines, at most {FUNCTION_LINES}", signature.ident);
            self.found.push(Violation::of("function-lines", self.path, what).at(first));
        }
    }

    fn fields(&mut self, name: &syn::Ident, fields: &syn::Fields) {
        if fields.len() > FIELDS {
            let what = format!("{name} has {} fields, at most {FIELDS}", fields.len());
            self.found.push(Violation::of("struct-fields", self.path, what).at(name.span().start().line));
        }
    }
}

impl<'ast> Visit<'ast> for Shapes<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.fields(&item.ident, &item.fields);
        visit::visit_item_struct(self, item);
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.fields(&variant.ident, &variant.fields);
        visit::visit_variant(self, variant);
    }
}

/// Walks all tokens, those of macro calls too, for what must not be written.
fn words(path: &str, tokens: TokenStream, found: &mut Vec<Violation>) {
    let mut report = |rule, span: Span, what: &str| {
        found.push(Violation::of(rule, path, what).at(span.start().line));
    };
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == "unsafe" && path != UNSAFE_IN => {
                report("unsafe", word.span(), "unsafe code has one file: supervise/linux.rs");
            }
            TokenTree::Ident(word)
                if (word == "todo" || word == "unimplemented") && is_punct(tokens.get(index + 1), '!') =>
            {
                report("unfinished", word.span(), "unfinished code is not committed");
            }
            TokenTree::Punct(hash) if hash.as_char() == '#' => {
                let inner = usize::from(is_punct(tokens.get(index + 1), '!'));
                if let Some(rule) = tokens.get(index + 1 + inner).and_then(forbidden_attribute) {
                    report(rule.0, hash.span(), rule.1);
                }
            }
            _ => {}
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            words(path, group.stream(), found);
        }
    }
}

fn is_punct(token: Option<&TokenTree>, char: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

/// The rule that an attribute's bracket group breaks, with `cfg_attr` looked through.
fn forbidden_attribute(bracket: &TokenTree) -> Option<(&'static str, &'static str)> {
    let TokenTree::Group(group) = bracket else { return None };
    if group.delimiter() != Delimiter::Bracket {
        return None;
    }
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let Some(TokenTree::Ident(name)) = tokens.first() else { return None };
    let named = |wanted: &str| {
        *name == wanted || (*name == "cfg_attr" && tokens.get(1).is_some_and(|inner| mentions(inner, wanted)))
    };
    if named("allow") {
        return Some(("allow-attribute", "#[expect(lint, reason = \"...\")] instead of allow"));
    }
    if named("ignore") {
        return Some(("ignored-test", "a test that does not run tests nothing"));
    }
    None
}

/// Whether the group has an attribute of that name behind its condition: `cfg_attr(condition, NAME...)`.
fn mentions(group: &TokenTree, wanted: &str) -> bool {
    let TokenTree::Group(group) = group else { return false };
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    tokens.windows(2).any(|pair| {
        is_punct(pair.first(), ',') && matches!(&pair[1], TokenTree::Ident(name) if *name == wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::{UNSAFE_IN, in_file};

    fn rules(path: &str, source: &str) -> Vec<(&'static str, Option<usize>)> {
        in_file(path, source).iter().map(|violation| (violation.rule, violation.line)).collect()
    }

    fn function(lines: usize) -> String {
        format!("fn f() {{\n{}}}\n", "    g();\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_of_a_hundred_lines_passes_and_one_more_does_not() {
        assert_eq!(rules("a.rs", &function(100)), []);
        assert_eq!(rules("a.rs", &format!("\n{}", function(101))), [("function-lines", Some(2))]);
    }

    #[test]
    fn functions_of_impls_traits_and_functions_are_seen() {
        for outer in ["impl A {\nOF\n}", "trait A {\nOF\n}", "mod m {\nOF\n}"] {
            assert_eq!(
                rules("a.rs", &outer.replace("OF", &function(101))),
                [("function-lines", Some(2))],
                "{outer}"
            );
        }
    }

    #[test]
    fn a_struct_or_variant_of_more_than_twenty_fields_is_caught() {
        let fields = |count: usize| (0..count).map(|n| format!("f{n}: u8,")).collect::<String>();
        assert_eq!(rules("a.rs", &format!("struct S {{ {} }}", fields(20))), []);
        assert_eq!(rules("a.rs", &format!("struct S {{ {} }}", fields(21))), [("struct-fields", Some(1))]);
        assert_eq!(
            rules("a.rs", &format!("enum E {{ V {{ {} }} }}", fields(21))),
            [("struct-fields", Some(1))]
        );
    }

    #[test]
    fn unsafe_has_one_file() {
        let source = "fn f() {\n    unsafe { g() }\n}\n";
        assert_eq!(rules("crates/core/src/lib.rs", source), [("unsafe", Some(2))]);
        assert_eq!(rules(UNSAFE_IN, source), []);
        assert_eq!(rules("a.rs", "m! { unsafe fn f() {} }"), [("unsafe", Some(1))]);
        assert_eq!(
            rules("a.rs", "// unsafe\nconst S: &str = \"unsafe\"; /* unsafe */ #[x(unsafe_code)] fn f() {}"),
            []
        );
    }

    #[test]
    fn allow_is_caught_wherever_it_stands_and_expect_is_not() {
        assert_eq!(
            rules("a.rs", "#![allow(dead_code)]\n#[allow(x)]\nfn f() {}"),
            [("allow-attribute", Some(1)), ("allow-attribute", Some(2))]
        );
        assert_eq!(rules("a.rs", "#[cfg_attr(test, allow(x))]\nfn f() {}"), [("allow-attribute", Some(1))]);
        assert_eq!(rules("a.rs", "fn f() { m!(#[allow(x)] g()) }"), [("allow-attribute", Some(1))]);
        assert_eq!(rules("a.rs", "#[expect(x, reason = \"allow(y)\")]\nfn allow() {}"), []);
    }

    #[test]
    fn unfinished_code_and_ignored_tests_are_caught() {
        assert_eq!(rules("a.rs", "fn f() { todo!() }"), [("unfinished", Some(1))]);
        assert_eq!(rules("a.rs", "fn f() { assert!(unimplemented!()) }"), [("unfinished", Some(1))]);
        assert_eq!(rules("a.rs", "fn todo() { todo() }"), []);
        assert_eq!(rules("a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}"), [("ignored-test", Some(2))]);
        assert_eq!(rules("a.rs", "#[cfg_attr(miri, ignore)]\nfn f() {}"), [("ignored-test", Some(1))]);
    }

    #[test]
    fn what_does_not_parse_is_said() {
        assert_eq!(rules("a.rs", "fn f( {\n"), [("rust-syntax", Some(1))]);
    }
}
