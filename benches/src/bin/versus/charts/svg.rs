//! Just enough SVG.

use std::fmt::Write as _;

/// Told apart by most who do not see all colours (Okabe and Ito).
pub(super) const BLUE: &str = "#0072B2";
pub(super) const SKY: &str = "#56B4E9";
pub(super) const VERMILION: &str = "#D55E00";
pub(super) const INK: &str = "#222222";
pub(super) const GREY: &str = "#767676";
pub(super) const PALE: &str = "#E3E3E3";

/// A drawing in the making.
pub(super) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Where a text begins, seen from its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub(super) size: f64,
    pub(super) colour: &'static str,
    pub(super) bold: bool,
    pub(super) anchor: Anchor,
}

impl Style {
    pub(super) const fn new(size: f64, colour: &'static str) -> Self {
        Self { size, colour, bold: false, anchor: Anchor::Start }
    }

    pub(super) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) const fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }
}

impl Svg {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width, height, body: String::new() }
    }

    pub(super) fn text(&mut self, x: f64, y: f64, text: &str, style: Style) {
        let anchor = match style.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let weight = if style.bold { "600" } else { "400" };
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{}\" fill=\"{}\" font-weight=\"{weight}\" \
             text-anchor=\"{anchor}\">{text}</text>",
            style.size, style.colour
        );
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        _ = writeln!(
            self.body,
            "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" \
             stroke-width=\"{width}\"/>",
            from.0, from.1, to.0, to.1
        );
    }

    /// Filled, or a ring.
    pub(super) fn dot(&mut self, x: f64, y: f64, radius: f64, colour: &str, filled: bool) {
        let fill = if filled { colour } else { "#FFFFFF" };
        _ = writeln!(
            self.body,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{fill}\" stroke=\"{colour}\" \
             stroke-width=\"1.4\"/>"
        );
    }

    pub(super) fn finish(self) -> String {
        let Self { width, height, body } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" \
             font-family=\"Inter, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n{body}</svg>\n"
        )
    }
}

/// A logarithmic axis from left to right.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    left: f64,
    width: f64,
}

impl Axis {
    /// Covers all values, which are above 0.
    pub(super) fn new(values: impl Iterator<Item = f64>, left: f64, width: f64) -> Self {
        let (low, high) = values
            .filter(|value| *value > 0.0)
            .fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = if low > high { (1.0, 10.0) } else { (low, high) };
        // A little room, and never a point in place of an axis.
        Self { low: (low / 1.25).log10(), high: (high * 1.25).log10(), left, width }
    }

    pub(super) fn at(&self, value: f64) -> f64 {
        let part = (value.max(1e-9).log10() - self.low) / (self.high - self.low);
        self.left + part.clamp(0.0, 1.0) * self.width
    }

    pub(super) fn moved(self, left: f64) -> Self {
        Self { left, ..self }
    }

    /// Round values, not too many.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let decades = self.high - self.low;
        let steps: &[f64] = match decades {
            ..0.4 => &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
            ..1.2 => &[1.0, 2.0, 5.0],
            ..2.5 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let exponents = self.low.floor() as i32..=self.high.ceil() as i32;
        let all = exponents.flat_map(|e| steps.iter().map(move |step| step * 10_f64.powi(e)));
        all.filter(|tick| (self.low..=self.high).contains(&tick.log10())).collect()
    }
}

/// A round value as people write it.
pub(super) fn round(value: f64) -> String {
    match value {
        1e6.. => format!("{}M", value / 1e6),
        1e3.. => format!("{}k", value / 1e3),
        _ => format!("{}", (value * 1e3).round() / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_keeps_order_and_has_a_few_ticks() {
        for (low, high) in [(2.0, 3.0), (1.0, 45_000.0), (0.05, 20.0), (7.0, 7.0)] {
            let axis = Axis::new([low, high].into_iter(), 100.0, 300.0);
            assert!(100.0 < axis.at(low) && axis.at(high) < 400.0 && axis.at(low) <= axis.at(high));
            assert!((1..9).contains(&axis.ticks().len()), "{:?}", axis.ticks());
        }
    }

    #[test]
    fn text_cannot_break_out() {
        let mut svg = Svg::new(1.0, 1.0);
        svg.text(0.0, 0.0, "<85ns & more", Style::new(1.0, INK));
        assert!(svg.finish().contains("&lt;85ns &amp; more"));
    }
}
