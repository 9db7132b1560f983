//! One line for each cell: a ratio, wins to the left of 1 and losses to the right.

use backpressure_benches::cells::Kind;

use super::svg::{Anchor, Axis, BLUE, GREY, INK, PALE, Style, Svg, VERMILION, round};
use crate::samples::Outcome;

const NAMES: f64 = 270.0;
const PLOT: f64 = 560.0;
const MARGIN: f64 = 34.0;
const ROW: f64 = 16.0;
const TOP: f64 = 104.0;

/// What is drawn.
pub(super) struct Overview {
    pub(super) title: &'static str,
    pub(super) subtitle: &'static str,
    /// Our figure beside theirs, and who they are.
    pub(super) ratio: fn(&Outcome) -> Option<(f64, String)>,
}

/// `None` if there is nothing to compare.
pub(super) fn chart(overview: &Overview, outcomes: &[Outcome]) -> Option<String> {
    let known: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| Some((outcome, (overview.ratio)(outcome)?)))
        .filter(|(_, (ratio, _))| ratio.is_finite())
        .collect();
    let kinds = Kind::ALL.into_iter().filter(|kind| known.iter().any(|(o, _)| o.kind == *kind));
    let kinds: Vec<_> = kinds.collect();
    let lost = known.iter().filter(|(_, (ratio, _))| *ratio > 1.0).count();
    if known.is_empty() {
        return None;
    }
    let left = MARGIN + NAMES;
    let axis = Axis::new(known.iter().map(|(_, (ratio, _))| *ratio).chain([0.5, 2.0]), left, PLOT);
    let rows = known.len() as f64 + 1.7 * kinds.len() as f64;
    let bottom = TOP + rows * ROW;
    let mut svg = Svg::new(left + PLOT + 190.0, bottom + 30.0);
    svg.text(MARGIN, 36.0, overview.title, Style::new(21.0, INK).bold());
    svg.text(MARGIN, 58.0, overview.subtitle, Style::new(12.5, GREY));
    let better = format!("{} cells where we need less", known.len() - lost);
    let middle = axis.at(1.0);
    svg.text(middle - 10.0, 86.0, &better, Style::new(12.5, BLUE).bold().anchored(Anchor::End));
    let worse = format!("{lost} where we need more");
    svg.text(middle + 10.0, 86.0, &worse, Style::new(12.5, VERMILION).bold());
    for tick in axis.ticks() {
        let (x, strong) = (axis.at(tick), (tick - 1.0).abs() < 1e-9);
        svg.line((x, TOP - 8.0), (x, bottom), if strong { INK } else { PALE }, 1.0);
        let style = Style::new(10.5, GREY).anchored(Anchor::Middle);
        svg.text(x, bottom + 16.0, &round(tick), style);
    }
    let mut y = TOP;
    for kind in kinds {
        y += 1.2 * ROW;
        svg.text(MARGIN, y, kind.title(), Style::new(12.5, INK).bold());
        y += 0.5 * ROW;
        for (outcome, (ratio, whom)) in known.iter().filter(|(o, _)| o.kind == kind) {
            draw_row(&mut svg, &axis, y + ROW / 2.0, (&outcome.cell, *ratio, whom));
            y += ROW;
        }
    }
    Some(svg.finish())
}

fn draw_row(svg: &mut Svg, axis: &Axis, y: f64, (cell, ratio, whom): (&str, f64, &str)) {
    let colour = if ratio > 1.0 { VERMILION } else { BLUE };
    svg.text(MARGIN + 12.0, y + 4.0, cell, Style::new(11.0, INK));
    svg.line((axis.at(1.0), y), (axis.at(ratio), y), colour, 2.0);
    svg.dot(axis.at(ratio), y, 4.0, colour, true);
    let told = format!("{ratio:.2} {whom}");
    let (x, anchor) = match ratio > 1.0 {
        true => (axis.at(ratio) + 8.0, Anchor::Start),
        false => (axis.at(1.0) + 8.0, Anchor::Start),
    };
    svg.text(x, y + 3.8, &told, Style::new(10.5, GREY).anchored(anchor));
}
