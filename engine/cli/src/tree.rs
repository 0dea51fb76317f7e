//! Trees for people, drawn with lines.

/// A line with those below it.
pub(crate) struct Tree {
    text: String,
    below: Vec<Tree>,
}

impl Tree {
    pub(crate) fn new(text: impl Into<String>, below: Vec<Self>) -> Self {
        Self { text: text.into(), below }
    }

    /// The tree in lines, the first one at the margin.
    pub(crate) fn draw(&self) -> String {
        let mut out = format!("{}\n", self.text);
        self.draw_below("", &mut out);
        out
    }

    fn draw_below(&self, margin: &str, out: &mut String) {
        for (index, tree) in self.below.iter().enumerate() {
            let (branch, onward) = if index + 1 == self.below.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            out.push_str(&format!("{margin}{branch}{}\n", tree.text));
            tree.draw_below(&format!("{margin}{onward}"), out);
        }
    }
}
