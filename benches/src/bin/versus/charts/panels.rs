//! One panel for each cell, everybody on a line of their own, the best on top.

use backpressure_benches::cells::{Kind, Metric, Role};

use super::svg::{Anchor, Axis, BLUE, GREY, INK, PALE, SKY, Style, Svg, VERMILION, round};
use crate::report::digits;
use crate::samples::Outcome;

const COLUMNS: usize = 3;
const WIDTH: f64 = 400.0;
const NAMES: f64 = 178.0;
/// For the figure behind the last dot.
const FIGURES: f64 = 46.0;
const ROW: f64 = 17.0;
const GAP: f64 = 34.0;
const TOP: f64 = 84.0;
const HEAD: f64 = 34.0;
const FOOT: f64 = 24.0;

struct Row<'a> {
    name: &'a str,
    role: Role,
    value: f64,
    /// Of the 99th and the 99.9th percentile.
    tail: Option<(f64, f64)>,
}

struct Panel<'a> {
    title: &'a str,
    note: String,
    rows: Vec<Row<'a>>,
}

/// All cells of a kind; `None` if none was run.
pub(super) fn chart(kind: Kind, outcomes: &[Outcome]) -> Option<String> {
    let mut some: Vec<_> = outcomes.iter().filter(|outcome| outcome.kind == kind).collect();
    some.sort_by_key(|outcome| order(&outcome.cell));
    let unit = some.first()?.metric.unit();
    let panels: Vec<_> = some.into_iter().filter_map(panel).collect();
    let tails = panels.iter().flat_map(|panel| &panel.rows).any(|row| row.tail.is_some());
    let dots = if tails { "dot: median, tick: 99 %, end of line: 99.9 %; " } else { "" };
    let subtitle =
        format!("{unit}, logarithmic; less is better; {dots}the round trip seen most often");
    Some(draw(&format!("{}: everybody", capital(kind.title())), &subtitle, &panels))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// By flavour, shape and workload, so that capacities stand side by side.
fn order(cell: &str) -> (usize, String, usize) {
    let parts: Vec<_> = cell.splitn(4, '/').collect();
    let [flavour, shape, capacity, what] = parts[..] else { return (0, cell.to_string(), 0) };
    let flavour = ["spsc", "mpsc", "mpmc"].iter().position(|name| *name == flavour).unwrap_or(3);
    (flavour, format!("{what}/{shape}"), capacity.parse().unwrap_or(0))
}

fn panel(outcome: &Outcome) -> Option<Panel<'_>> {
    let regime = outcome.main_regime()?;
    let row = |series: &'_ crate::samples::Series| -> Option<(f64, Option<(f64, f64)>)> {
        let value = series.value(regime).filter(|value| value.is_finite())?;
        let tail = (outcome.metric != Metric::CpuPerSecond)
            .then_some(())
            .and_then(|()| series.latency.get(&regime))
            .and_then(|latency| latency.quantile(0.99).zip(latency.quantile(0.999)));
        Some((value, tail))
    };
    let mut rows: Vec<_> = outcome
        .series
        .iter()
        .filter(|series| series.takes_part())
        .filter_map(|series| {
            let (value, tail) = row(series)?;
            Some(Row { name: &series.name, role: series.role, value, tail })
        })
        .collect();
    rows.sort_by(|a, b| a.value.total_cmp(&b.value));
    let note = match outcome.to_best() {
        Some(ratio) => format!("{regime}; ours / best other {:.2}", ratio.value),
        None => regime.to_string(),
    };
    Some(Panel { title: &outcome.cell, note, rows })
}

fn draw(title: &str, subtitle: &str, panels: &[Panel<'_>]) -> String {
    let values = panels.iter().flat_map(|panel| &panel.rows).flat_map(|row| {
        let (most, nearly) = row.tail.unwrap_or((row.value, row.value));
        [row.value, most, nearly]
    });
    let axis = Axis::new(values, 0.0, WIDTH - NAMES - FIGURES);
    let lines: Vec<_> = panels.chunks(COLUMNS).collect();
    let height = |line: &[Panel<'_>]| {
        let most = line.iter().map(|panel| panel.rows.len()).max().unwrap_or(0);
        HEAD + most as f64 * ROW + FOOT
    };
    let columns = panels.len().clamp(1, COLUMNS) as f64;
    let wide = GAP + columns * (WIDTH + GAP);
    let tall = TOP + lines.iter().map(|line| height(line) + GAP).sum::<f64>();
    let mut svg = Svg::new(wide.max(760.0), tall);
    svg.text(GAP, 36.0, title, Style::new(21.0, INK).bold());
    svg.text(GAP, 58.0, subtitle, Style::new(12.5, GREY));
    let mut y = TOP;
    for line in lines {
        for (column, panel) in line.iter().enumerate() {
            let x = GAP + column as f64 * (WIDTH + GAP);
            draw_panel(&mut svg, (x, y), axis.moved(x + NAMES), panel);
        }
        y += height(line) + GAP;
    }
    svg.finish()
}

fn draw_panel(svg: &mut Svg, (x, y): (f64, f64), axis: Axis, panel: &Panel<'_>) {
    svg.text(x, y + 8.0, panel.title, Style::new(13.0, INK).bold());
    svg.text(x, y + 24.0, &panel.note, Style::new(11.0, GREY));
    let (top, bottom) = (y + HEAD, y + HEAD + panel.rows.len() as f64 * ROW);
    for tick in axis.ticks() {
        svg.line((axis.at(tick), top), (axis.at(tick), bottom), PALE, 1.0);
        let style = Style::new(10.0, GREY).anchored(Anchor::Middle);
        svg.text(axis.at(tick), bottom + 13.0, &round(tick), style);
    }
    for (i, row) in panel.rows.iter().enumerate() {
        let middle = top + (i as f64 + 0.5) * ROW;
        let (colour, filled, bold) = match row.role {
            Role::Ours => (BLUE, true, true),
            Role::Variant => (SKY, true, false),
            Role::Other => (GREY, true, false),
            Role::Floor => (VERMILION, false, false),
        };
        let ink = if row.role == Role::Ours { BLUE } else { INK };
        let mut style = Style::new(11.5, ink).anchored(Anchor::End);
        style.bold = bold;
        svg.text(axis.at(0.0) - 8.0, middle + 4.0, row.name, style);
        let mut end = axis.at(row.value);
        if let Some((most, nearly)) = row.tail {
            svg.line((end, middle), (axis.at(nearly), middle), colour, 1.6);
            let tick = axis.at(most);
            svg.line((tick, middle - 4.0), (tick, middle + 4.0), colour, 1.6);
            end = axis.at(nearly).max(end);
        }
        svg.dot(axis.at(row.value), middle, 4.2, colour, filled);
        let mut style = Style::new(10.5, if row.role == Role::Ours { BLUE } else { GREY });
        style.bold = bold;
        svg.text(end + 8.0, middle + 3.8, &digits(row.value), style);
    }
}
