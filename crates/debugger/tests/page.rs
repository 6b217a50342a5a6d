//! docs/windbg.md lists the commands that there are.

#[test]
fn the_page_has_the_table_of_commands() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/windbg.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let (begin, end) = ("<!-- commands: begin -->\n", "<!-- commands: end -->");
    let (before, rest) = page.split_once(begin).expect("where the commands begin");
    let (_, after) = rest.split_once(end).expect("where they end");
    let wanted = format!("{before}{begin}{}\n{end}{after}", dumplens_debugger::commands_as_markdown());
    if std::env::var_os("DUMPLENS_UPDATE").is_some() {
        std::fs::write(path, &wanted).expect("the page");
        return;
    }
    assert!(
        page == wanted,
        "docs/windbg.md is not what the table of commands says: DUMPLENS_UPDATE=1 writes it"
    );
}
