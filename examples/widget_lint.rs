//! Document 001, its first half: lint agent widgets before anything is sent. Offline.
//!
//! ```sh
//! cargo run --example widget_lint -- examples/widgets/dashboard.json --rules tutorial
//! cargo run --example widget_lint -- examples/widgets/faulty.json --policy examples/widgets/policy.json
//! cargo run --example widget_lint -- --explain W110
//! ```

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Parser, ValueEnum};
use genesys_cloud::Region;
use genesys_cloud::resilience::{Clock, SystemClock};
use genesys_examples::args::Failure;
use genesys_examples::input::{Input, is_stdin};
use genesys_examples::report::millis;
use widget_validate::{
    Artifact, Code, Date, Embedder, HeaderSet, Kind, Origin, Policy, PolicyError, Report, RuleSet,
    Schema, Severity, Subject, Validator, explain, reference_markdown, to_sarif,
};

/// Finds every violation in agent widget definitions. Opens no connection.
#[derive(Debug, Parser)]
#[command(
    after_help = "Exit status: 0 nothing as bad as --fail-on, 1 findings, 2 usage, unreadable input or unusable policy."
)]
struct Args {
    /// Widget definitions, at most 10 MiB each; `-` is standard input.
    #[arg(value_name = "FILE", required_unless_present_any = ["explain", "reference"])]
    files: Vec<PathBuf>,

    /// Policy file: rule set, origins, limits, severities, suppressions.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Rule set; the policy file's, or `recommended`, unless said.
    #[arg(long, value_name = "RULES", value_parser = rule_sets())]
    rules: Option<RuleSet>,

    /// Form of the report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// The same as `--format json`.
    #[arg(long, conflicts_with = "format")]
    json: bool,

    /// Least severity of a finding about a widget that makes the exit status 1.
    #[arg(long, value_name = "LEVEL", default_value = "warning", value_parser = severities())]
    fail_on: Severity,

    /// Response headers of the widget's page, as `curl -sI` prints them. Without them, what headers decide is not checked.
    #[arg(long, value_name = "FILE")]
    headers: Option<PathBuf>,

    /// JSON schema that `properties` must satisfy, such as the platform serves for each integration type.
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,

    /// Region whose pages show the widget, such as us-east-1; decides who must be admitted by the headers.
    #[arg(long, value_name = "REGION")]
    region: Option<Region>,

    /// Format of the definitions; told from their members unless said.
    #[arg(long, value_name = "KIND", value_parser = kinds())]
    kind: Option<Kind>,

    /// Day for suppressions that expire; today in UTC unless said.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    date: Option<Date>,

    /// Print the definition with every safe fix applied; the report on what is left goes to standard error.
    #[arg(long, conflicts_with_all = ["format", "json", "out"])]
    fix: bool,

    /// Folder that gets the report as a file too.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// Print cause, bad and good example of a rule, by code (W306) or name (frame-too-large).
    #[arg(long, value_name = "CODE", conflicts_with_all = ["files", "reference"], value_parser = code)]
    explain: Option<Code>,

    /// Print the reference of all rules as Markdown.
    #[arg(long, conflicts_with = "files")]
    reference: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: place, excerpt, hint.
    Text,
    /// For programs: one object with a report for each file.
    Json,
    /// SARIF 2.1.0, one log for all files.
    Sarif,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            tell(&format!("error: {error}"));
            ExitCode::from(2)
        }
    }
}

/// True when nothing as bad as `--fail-on` is left.
fn run(args: &Args) -> Result<bool, Failure> {
    if let Some(code) = args.explain {
        print(explanation(code).as_bytes())?;
        return Ok(true);
    }
    if args.reference {
        print(reference_markdown().as_bytes())?;
        return Ok(true);
    }
    if args.fix && args.files.len() > 1 {
        return Err("--fix takes one FILE".into());
    }
    let options = [&args.policy, &args.headers, &args.schema];
    let inputs = args.files.iter().chain(options.into_iter().flatten());
    if inputs.filter(|path| is_stdin(path)).count() > 1 {
        return Err("standard input can be read only once".into());
    }

    let validator = validator(args)?;
    let headers: Option<HeaderSet> = match &args.headers {
        Some(path) => Some(Input::read(path)?.headers()?.into_iter().collect()),
        None => None,
    };
    let widgets = Input::read_all(&args.files)?;
    let subjects = widgets.iter().map(|widget| {
        let subject = Subject::new(&widget.bytes);
        let subject = args.kind.map_or(subject, |kind| subject.with_kind(kind));
        let headers = headers.as_ref();
        headers.map_or(subject, |headers| subject.with_headers(headers))
    });

    if args.fix {
        return fix(args, &validator, widgets.iter().zip(subjects));
    }
    let start = SystemClock.now();
    let reports: Vec<Report> = subjects
        .map(|subject| validator.validate(subject))
        .collect();
    let took = SystemClock.now() - start;

    let format = if args.json { Format::Json } else { args.format };
    let (page, extension) = match format {
        Format::Json => (json(args, &widgets, &reports), "json"),
        Format::Sarif => (sarif(&widgets, &reports), "sarif"),
        Format::Text => (text(&widgets, &reports), "txt"),
    };
    if let Some(folder) = &args.out {
        let path = folder.join("widget_lint").with_extension(extension);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, &page))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    print(page.as_bytes())?;
    let [errors, warnings, notes] = totals(&reports);
    tell(&format!(
        "files: {}, errors: {errors}, warnings: {warnings}, notes: {notes}, in {}",
        widgets.len(),
        millis(took)
    ));
    Ok(reports
        .iter()
        .all(|report| report.is_clean_at(args.fail_on)))
}

fn validator(args: &Args) -> Result<Validator, Failure> {
    let policy = match &args.policy {
        Some(path) => {
            let input = Input::read(path)?;
            let policy = match args.rules {
                Some(rules) => Policy::from_json_with_rules(&input.bytes, rules),
                None => Policy::from_json(&input.bytes),
            };
            policy.map_err(|error| refusal(&input.name, &error))?
        }
        None => Policy::builder(args.rules.unwrap_or_default()).build()?,
    };
    let mut embedder = Embedder::genesys();
    if let Some(region) = args.region {
        let apps = format!("https://apps.{}", region.domain());
        embedder = embedder
            .with_origin(Origin::parse(&apps).ok_or("the region has no apps host")?)
            .with_domain(region.domain())
            .with_endpoint(format!("https://{}", region.api_host()));
    }
    let mut validator = Validator::new(policy).with_embedder(embedder);
    if let Some(path) = &args.schema {
        let input = Input::read(path)?;
        let schema = Schema::parse(&input.bytes);
        let schema = schema.map_err(|error| format!("{}: {error}", input.name))?;
        validator = validator.with_schema("/properties", schema);
    }
    Ok(match args.date.or_else(today) {
        Some(date) => validator.with_date(date),
        None => validator,
    })
}

/// Every entry that makes a policy unusable, a line each.
fn refusal(name: &str, error: &PolicyError) -> String {
    let mut told = format!("{name}: unusable policy, nothing was checked");
    for finding in error.findings() {
        // Writing to a string does not fail.
        let _ = write!(told, "\n  {finding}: {}", finding.hint);
    }
    told
}

fn fix<'a>(
    args: &Args,
    validator: &Validator,
    widgets: impl Iterator<Item = (&'a Input, Subject<'a>)>,
) -> Result<bool, Failure> {
    let mut clean = true;
    for (widget, subject) in widgets {
        let fixed = validator.fix(subject);
        print(&fixed.bytes)?;
        tell(fixed.report.to_text(&widget.name, &fixed.bytes).trim_end());
        tell(&format!("{} fixes applied", fixed.applied.len()));
        clean &= fixed.is_clean_at(args.fail_on);
    }
    Ok(clean)
}

fn text(widgets: &[Input], reports: &[Report]) -> String {
    let each = widgets.iter().zip(reports);
    each.map(|(widget, report)| report.to_text(&widget.name, &widget.bytes))
        .collect()
}

fn json(args: &Args, widgets: &[Input], reports: &[Report]) -> String {
    let each = widgets.iter().zip(reports);
    let entries: Vec<String> = each
        .map(|(widget, report)| report.to_json(&widget.name))
        .collect();
    let [errors, warnings, notes] = totals(reports);
    let clean = reports
        .iter()
        .all(|report| report.is_clean_at(args.fail_on));
    format!(
        "{{\"reports\":[{}],\"errors\":{errors},\"warnings\":{warnings},\"notes\":{notes},\"failOn\":\"{}\",\"clean\":{clean}}}\n",
        entries.join(","),
        args.fail_on
    )
}

fn sarif(widgets: &[Input], reports: &[Report]) -> String {
    let each = widgets.iter().zip(reports);
    let artifacts: Vec<Artifact<'_>> = each
        .map(|(widget, report)| Artifact {
            path: &widget.name,
            bytes: &widget.bytes,
            report,
        })
        .collect();
    to_sarif(&artifacts) + "\n"
}

fn explanation(code: Code) -> String {
    let rule = explain(code);
    let levels = RuleSet::ALL.map(|rules| format!("{rules} {}", rule.level(rules)));
    format!(
        "{} {}: {}\n{}\n\n{}\n\nBad:   {}\nGood:  {}\n",
        rule.id,
        rule.name,
        rule.summary,
        levels.join(", "),
        rule.cause,
        rule.bad,
        rule.good
    )
}

fn totals(reports: &[Report]) -> [usize; 3] {
    [Severity::Error, Severity::Warning, Severity::Info]
        .map(|severity| reports.iter().map(|report| report.count(severity)).sum())
}

/// A reader that went away, such as `head`, is no failure.
fn print(page: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(page).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

fn tell(text: &str) {
    // Nobody is left to hear of a standard error that is closed.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn today() -> Option<Date> {
    let now = jiff::Timestamp::try_from(SystemClock.wall()).ok()?;
    Date::parse(&now.strftime("%Y-%m-%d").to_string())
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "not a date of the calendar, write YYYY-MM-DD".to_owned())
}

fn code(text: &str) -> Result<Code, String> {
    Code::lookup(text)
        .ok_or_else(|| "no rule has this code or name; --reference lists all".to_owned())
}

fn rule_sets() -> impl TypedValueParser<Value = RuleSet> {
    words(RuleSet::ALL.map(RuleSet::as_str), RuleSet::from_name)
}

fn severities() -> impl TypedValueParser<Value = Severity> {
    words(["info", "warning", "error"], Severity::from_name)
}

fn kinds() -> impl TypedValueParser<Value = Kind> {
    words(Kind::ALL.map(Kind::as_str), Kind::from_name)
}

/// One of several words, which `--help` lists.
fn words<T: Clone + Send + Sync + 'static, const N: usize>(
    words: [&'static str; N],
    read: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(words).try_map(move |word| read(&word).ok_or("unknown word"))
}
