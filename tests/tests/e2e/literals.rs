//! No example and no document has a password written in it.

use std::path::{Path, PathBuf};

/// What marks a line on which a secret may stand.
const MARKS: [&str; 8] = [
    "password", "passwd", "secret", "token", "api_key", "apikey", "bearer", "basic(",
];

/// The sandbox's credentials, which are documented and worthless elsewhere.
const SANDBOX: [&str; 3] = [
    genesys_sandbox::CLIENT_ID,
    genesys_sandbox::CLIENT_SECRET,
    "crm-password-of-the-sandbox",
];

/// Words of which member names and placeholders are made.
const WORDS: [&str; 29] = [
    "a",
    "access",
    "any",
    "api",
    "auth",
    "authentication",
    "authorization",
    "basic",
    "bearer",
    "client",
    "credentials",
    "crm",
    "id",
    "input",
    "json",
    "key",
    "name",
    "no",
    "oauth",
    "password",
    "payload",
    "request",
    "secret",
    "store",
    "target",
    "token",
    "type",
    "user",
    "username",
];

/// True for what nobody would take for a secret: sandbox credentials, names of variables and members, prose, paths, formats.
fn is_harmless(literal: &str) -> bool {
    // What follows the scheme of a header is the secret.
    let scheme = ["Bearer ", "Basic "];
    let literal = scheme
        .iter()
        .find_map(|scheme| literal.strip_prefix(scheme))
        .unwrap_or(literal);
    let variable = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let plain = literal.replace("\\n", "").replace("\\t", "");
    // Member names are written in camel case.
    let spaced: String = plain
        .chars()
        .flat_map(|c| {
            [
                c.is_ascii_uppercase().then_some(' '),
                Some(c.to_ascii_lowercase()),
            ]
        })
        .flatten()
        .collect();
    let mut words = spaced.split(|c: char| !c.is_ascii_lowercase());
    SANDBOX.contains(&literal)
        || literal.chars().all(variable)
        || literal.contains(char::is_whitespace)
        || literal.starts_with(['/', '$', '<', '{', '-'])
        || literal.contains("://")
        || literal.contains('…')
        || literal.ends_with(".json")
        || !plain.contains(|c: char| c.is_ascii_alphanumeric())
        || words.all(|word| word.is_empty() || WORDS.contains(&word))
            && !literal.contains(|c: char| c.is_ascii_digit())
}

/// The literals of a line that may be secrets: quoted texts, and values of variables.
fn literals(line: &str) -> Vec<&str> {
    let lower = line.to_ascii_lowercase();
    if !MARKS.iter().any(|mark| lower.contains(mark)) {
        return Vec::new();
    }
    let parts: Vec<&str> = line.split('"').collect();
    let member = |index: usize| {
        parts
            .get(index + 1)
            .is_some_and(|next| next.starts_with(':'))
    };
    let quoted = (1..parts.len())
        .step_by(2)
        .filter(|index| !member(*index))
        .map(|index| parts[index]);
    let assigned = line.split_whitespace().filter_map(|word| {
        let (name, value) = word.trim_matches('`').split_once('=')?;
        let variable = |c: char| c.is_ascii_uppercase() || c == '_';
        (name.len() > 2 && name.chars().all(variable)).then_some(value.trim_matches('"'))
    });
    let named = |value: &&str| !value.is_empty();
    quoted
        .chain(assigned)
        .filter(named)
        .filter(|literal| !is_harmless(literal))
        .collect()
}

fn files_below(folder: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let tested = ["target", "tests", "src"].contains(&name.as_str())
            && folder
                .parent()
                .is_some_and(|parent| parent.ends_with("crates"));
        if path.is_dir() && !name.starts_with('.') && name != "target" && !tested && name != "tests"
        {
            files_below(&path, extensions, found);
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        if extension.is_some_and(|extension| extensions.contains(&extension)) {
            found.push(path);
        }
    }
}

/// Every document and every example; sources and tests of the crates are neither.
fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    files_below(root, &["md"], &mut found);
    files_below(&root.join("examples"), &["rs"], &mut found);
    for krate in std::fs::read_dir(root.join("crates")).unwrap() {
        let folder = krate.unwrap().path().join("examples");
        if folder.is_dir() {
            files_below(&folder, &["rs"], &mut found);
        }
    }
    found.sort();
    found.dedup();
    found
}

#[test]
fn no_example_has_a_secret_written_in_it() {
    // errata INT-12
    let files = examples();
    for name in [
        "README.md",
        "integration_pipeline.rs",
        "integration.rs",
        "settings.md",
    ] {
        assert!(
            files.iter().any(|file| file.ends_with(name)),
            "{name} is not among them"
        );
    }
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            for literal in literals(line) {
                found.push(format!("{}:{number}: {literal}", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_search_finds_what_the_tutorials_wrote() {
    // errata INT-12
    for line in [
        r#"    Authentication::basic("crm_user", "Sup3rS3cret!".into()),"#,
        r#"        Password: "secure_password_123","#,
        r#"ClientCredentials::new("id", "hunter2")?; // the secret"#,
        r#"    "password": "correct-horse-battery","#,
        "export CRM_PASSWORD=hunter2",
        "`GENESYS_CLIENT_SECRET=7d1f0c9a`",
        r#".header("authorization", "Bearer 0aZ9.token.5x")"#,
    ] {
        assert!(!literals(line).is_empty(), "{line}");
    }
    for line in [
        r#"Authentication::basic("crm-user", std::env::var("CRM_PASSWORD")?.into())"#,
        "export GENESYS_CLIENT_SECRET=$(cat secret)",
        r#"let token = answer["access_token"].as_str().ok_or("no token")?;"#,
    ] {
        let found = literals(line);
        assert!(found.is_empty(), "{line}: {found:?}");
    }
}
