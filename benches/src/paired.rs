//! Interleaved rounds.
//!
//! Every round runs a batch of each contender, starting with another one each time. A contender's ratio is the median of
//! its ratios *within* rounds, so that what slows the machine down for a while slows both sides of a ratio. A contender
//! that is entered twice (an A/A row) shows how much of a difference means nothing.

use std::fmt;

use crate::stopwatch::{self, Sample};

/// The least number of rounds that a median is taken of.
pub const ROUNDS: usize = 11;

/// Contenders of one table. The first is the reference of the ratios.
pub struct Table<'a> {
    title: &'static str,
    unit: Unit,
    rounds: usize,
    rows: Vec<Row<'a>>,
}

/// What a figure is printed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Nanos,
    /// Microseconds.
    Micros,
    /// Milliseconds.
    Millis,
}

struct Row<'a> {
    name: String,
    operations: u64,
    batch: Box<dyn FnMut() -> Sample + 'a>,
}

impl fmt::Debug for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("title", &self.title)
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Table<'a> {
    /// An empty table with figures per operation in `unit`.
    pub fn new(title: &'static str, unit: Unit) -> Self {
        Self {
            title,
            unit,
            rounds: ROUNDS,
            rows: Vec::new(),
        }
    }

    /// Sets the number of rounds, at least [`ROUNDS`].
    #[must_use]
    pub fn with_rounds(mut self, rounds: usize) -> Self {
        self.rounds = rounds.max(ROUNDS);
        self
    }

    /// Enters a contender whose batch of `operations` is `work` on this thread. Its processor time is taken: work that
    /// waits for nothing takes no other.
    pub fn row(&mut self, name: impl Into<String>, operations: u64, mut work: impl FnMut() + 'a) {
        self.timed(name, operations, move || stopwatch::own(&mut work));
    }

    /// Enters a contender whose batch waits: for a server, for a timer. All of the time is taken.
    pub fn waiting(
        &mut self,
        name: impl Into<String>,
        operations: u64,
        mut work: impl FnMut() + 'a,
    ) {
        self.timed(name, operations, move || stopwatch::wall(&mut work));
    }

    /// Enters a contender that takes its own time.
    pub fn timed(
        &mut self,
        name: impl Into<String>,
        operations: u64,
        batch: impl FnMut() -> Sample + 'a,
    ) {
        self.rows.push(Row {
            name: name.into(),
            operations: operations.max(1),
            batch: Box::new(batch),
        });
    }

    /// Runs every round, after one that does not count.
    pub fn run(mut self) -> Report {
        let contenders = self.rows.len();
        let mut samples = vec![Vec::with_capacity(self.rounds); contenders];
        let mut clean = vec![0; contenders];
        for round in 0..=self.rounds {
            for turn in 0..contenders {
                let place = (turn + round) % contenders;
                let row = &mut self.rows[place];
                let sample = (row.batch)();
                if round > 0 {
                    samples[place].push(sample.time.as_nanos() as f64 / row.operations as f64);
                    clean[place] += usize::from(sample.clean);
                }
            }
        }
        let lines = self
            .rows
            .into_iter()
            .zip(samples.into_iter().zip(clean))
            .map(|(row, (samples, clean))| Line {
                name: row.name,
                noisy: 2 * clean < samples.len(),
                samples,
            })
            .collect();
        Report {
            title: self.title,
            unit: self.unit,
            rounds: self.rounds,
            lines,
        }
    }
}

/// The figures of a [`Table`]. Displayed as a Markdown table.
#[derive(Debug)]
pub struct Report {
    title: &'static str,
    unit: Unit,
    rounds: usize,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    name: String,
    /// Nanoseconds an operation, one a round.
    samples: Vec<f64>,
    /// Most of them were taken while others had the processor too.
    noisy: bool,
}

impl Report {
    /// The median of a contender, in nanoseconds an operation; not a number for a name that is not in the table.
    pub fn median(&self, name: &str) -> f64 {
        self.find(name)
            .map_or(f64::NAN, |line| median(line.samples.clone()))
    }

    /// The median of the ratios within rounds.
    pub fn ratio(&self, name: &str, reference: &str) -> f64 {
        match (self.find(name), self.find(reference)) {
            (Some(line), Some(reference)) => line.ratio(reference),
            _ => f64::NAN,
        }
    }

    /// Says whether a target is met. Nothing depends on the answer but the reader: time on a shared machine fails no build.
    pub fn target(&self, what: &str, value: f64, limit: Limit) {
        let (met, sign, bound) = match limit {
            Limit::AtMost(bound) => (value <= bound, "<=", bound),
            Limit::AtLeast(bound) => (value >= bound, ">=", bound),
        };
        let verdict = if met { "met" } else { "MISSED" };
        println!("  {verdict}: {what}: {value:.3} (target {sign} {bound:.3})");
    }

    fn find(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }
}

/// A target of a [`Report`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// This or less.
    AtMost(f64),
    /// This or more.
    AtLeast(f64),
}

impl Line {
    fn ratio(&self, reference: &Line) -> f64 {
        let ratios = self.samples.iter().zip(&reference.samples);
        median(ratios.map(|(own, other)| own / other).collect())
    }

    /// Half of the distance between the quartiles, in parts of the median.
    fn spread(&self) -> f64 {
        let mut sorted = self.samples.clone();
        sorted.sort_by(f64::total_cmp);
        let quartile = |quarters: usize| sorted[(sorted.len() - 1) * quarters / 4];
        (quartile(3) - quartile(1)) / 2.0 / median(sorted.clone())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => values[len / 2],
        len => f64::midpoint(values[len / 2 - 1], values[len / 2]),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, divisor) = match self.unit {
            Unit::Nanos => ("ns", 1.0),
            Unit::Micros => ("µs", 1e3),
            Unit::Millis => ("ms", 1e6),
        };
        writeln!(f, "\n### {} ({} rounds)\n", self.title, self.rounds)?;
        writeln!(f, "| what | {unit} | ± | ratio |")?;
        writeln!(f, "| --- | --- | --- | --- |")?;
        for line in &self.lines {
            let median = median(line.samples.clone()) / divisor;
            let spread = line.spread() * 100.0;
            let ratio = self
                .lines
                .first()
                .map_or(f64::NAN, |first| line.ratio(first));
            let noisy = if line.noisy { " (noisy)" } else { "" };
            writeln!(
                f,
                "| {} | {median:.2}{noisy} | {spread:.0} % | {ratio:.3} |",
                line.name
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn report(rows: &[(&str, &[u64])]) -> Report {
        let mut table = Table::new("t", Unit::Nanos);
        for (name, nanos) in rows {
            let mut next = nanos.iter().cycle();
            table.timed(*name, 10, move || {
                let nanos = next.next().copied().unwrap_or_default();
                Sample::clean(Duration::from_nanos(nanos))
            });
        }
        table.run()
    }

    #[test]
    fn a_ratio_is_taken_within_rounds_and_a_figure_per_operation() {
        // The machine is ten times slower in every other round; the ratio does not see it.
        let report = report(&[("a", &[100, 1_000]), ("b", &[150, 1_500])]);
        assert!((report.ratio("b", "a") - 1.5).abs() < 1e-9);
        assert!(report.median("a") >= 10.0);
        assert!(report.ratio("a", "unknown").is_nan());
    }

    #[test]
    fn a_table_reads_as_markdown_with_the_first_row_as_reference() {
        let text = report(&[("a", &[100]), ("b", &[250])]).to_string();
        assert!(text.contains("| a | 10.00 | 0 % | 1.000 |"), "{text}");
        assert!(text.contains("| b | 25.00 | 0 % | 2.500 |"), "{text}");
    }
}
