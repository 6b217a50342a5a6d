//! A table, as plain text or as Markdown.

/// Cells, row by row.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(columns: &[&str]) -> Table {
        Table { rows: vec![columns.iter().map(|&column| column.to_owned()).collect()] }
    }

    pub(crate) fn add(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    pub(crate) fn plain(&self) -> String {
        self.lines("", "  ", "").join("\n") + "\n"
    }

    pub(crate) fn markdown(&self) -> String {
        let mut lines = self.lines("| ", " | ", " |");
        let rule: Vec<String> = self.widths().iter().map(|width| "-".repeat(width + 2)).collect();
        lines.insert(1, format!("|{}|", rule.join("|")));
        lines.join("\n") + "\n"
    }

    fn widths(&self) -> Vec<usize> {
        let width =
            |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        (0..self.rows[0].len()).map(width).collect()
    }

    fn lines(&self, left: &str, between: &str, right: &str) -> Vec<String> {
        let widths = self.widths();
        let line = |row: &Vec<String>| {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            format!("{left}{}{right}", cells.join(between)).trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(&["a", "name"]);
        table.add(vec!["long".to_owned(), "x".to_owned()]);
        assert_eq!(table.plain(), "a     name\nlong  x\n");
        assert_eq!(table.markdown(), "| a    | name |\n|------|------|\n| long | x    |\n");
    }
}
