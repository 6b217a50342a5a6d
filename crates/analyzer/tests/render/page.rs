//! The page: whole, without a foothold for strings out of the dump, and with a policy that fits it.

use base64::Engine as _;
use dumplens_analyzer::facts::RegionReport;
use dumplens_analyzer::facts::{FreeClass, MapRow, SpaceMap};
use dumplens_analyzer::render::html::{self, SCRIPT, SCRIPT_HASH, STYLE, STYLE_HASH};
use sha2::{Digest, Sha256};

use crate::handmade::regions::{free_region, guard_region, image_region, reserved_region};
use crate::handmade::{report, report_without_map};
use crate::hostile::{self, HARMLESS, HOSTILE, acts};

/// A few regions, one of them two neighbours.
fn map(text: &str) -> SpaceMap {
    let told = RegionReport { detail: Some(text.into()), fact: Some(text.into()), ..image_region() };
    let kinds = vec![free_region(), guard_region(), reserved_region(), told];
    let row = |(kind, region): (usize, &RegionReport)| MapRow {
        base: region.base.0,
        end: region.end.0,
        allocation_base: region.allocation_base.map(|base| base.0),
        kind,
        regions: if kind == 2 { 2 } else { 1 },
    };
    let class = |from_bytes, regions, largest_bytes| FreeClass {
        from_bytes,
        below_bytes: Some(from_bytes * 4),
        regions,
        size_bytes: regions * largest_bytes,
        largest_bytes,
    };
    SpaceMap {
        rows: kinds.iter().enumerate().map(row).collect(),
        kinds,
        committed: vec![("Image".into(), 0x30_0000), ("<unknown>".into(), 0x1000)],
        regions: 5,
        merged_below: Some(0x2000),
        free: vec![class(0x10_0000, 8, 0x3f_0000), class(0x40_0000, 1, 0x53_0000)],
        complete: true,
    }
}

/// The page without its own style and script.
fn body(page: &str) -> String {
    page.replace(STYLE, "").replace(SCRIPT, "")
}

/// The tags of a page, from `<` to `>`; the strings of its data are no part of the markup.
fn tags(page: &str) -> Vec<&str> {
    let data = page.find("id=\"data\">").expect("data");
    page[..data].split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default()).collect()
}

fn hash(text: &str) -> String {
    let hash = Sha256::digest(text.replace("\r\n", "\n"));
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(hash))
}

#[test]
fn the_policy_names_the_script_and_the_style() {
    assert_eq!(SCRIPT_HASH, hash(SCRIPT), "page/*.js was changed: SCRIPT_HASH in render/html/mod.rs");
    assert_eq!(STYLE_HASH, hash(STYLE), "page.css was changed: STYLE_HASH in render/html/mod.rs");
    let page = html::page(&report(), &map("x"));
    let policy = page.split("Content-Security-Policy\" content=\"").nth(1).expect("a policy");
    let policy = policy.split('"').next().expect("its end");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
    // What the policy would refuse is not there in the first place.
    let body = body(&page);
    for refused in [" style=", " onclick=", " src=", " href=", "@import", "url("] {
        assert!(!body.contains(refused) && !STYLE.contains(refused), "{refused}");
    }
    assert_eq!((page.matches("<script").count(), page.matches("</script>").count()), (2, 2));
}

#[test]
fn strings_of_the_dump_are_text_and_nothing_else() {
    let (harmless, page) = (hostile::report(HARMLESS), hostile::report(HOSTILE));
    let (harmless, page) = (html::page(&harmless, &map(HARMLESS)), html::page(&page, &map(HOSTILE)));
    assert!(!page.contains(acts), "{:?}", page.chars().find(|c| acts(*c)));
    let (harmless, page) = (body(&harmless), body(&page));
    // The same tags with the same attributes, whatever the strings say.
    let shape = |page: &str| -> Vec<String> { tags(page).into_iter().map(ToOwned::to_owned).collect() };
    assert!(shape(&harmless).len() > 300);
    assert_eq!(shape(&harmless), shape(&page));
    // And in the data no end of its element.
    let data = page.split("id=\"data\">").nth(1).expect("data");
    let (json, rest) = data.split_once("</script>").expect("its end");
    assert!(!json.contains('<') && rest.starts_with("\n<script></script>"), "{rest}");
    let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let shown = json["strings"]
        .as_array()
        .expect("strings")
        .iter()
        .any(|s| s.as_str().is_some_and(|s| s.contains("</script>")));
    assert!(shown, "the string comes back whole: {json}");
}

#[test]
fn the_data_says_what_the_regions_are() {
    let page = html::page(&report(), &map("x"));
    let json =
        page.split("id=\"data\">").nth(1).and_then(|rest| rest.split("</script>").next()).expect("data");
    let data: serde_json::Value = serde_json::from_str(json).expect("JSON");
    assert_eq!(
        (&data["bits"], &data["regions"], &data["merged_below"]),
        (&64.into(), &5.into(), &"2000".into())
    );
    assert_eq!(data["request"], "39bc71b7"); // 968,651,191
    assert_eq!(data["largest_free"], "1f100001000");
    let word = |row: usize, column: usize| {
        let number = data["rows"][row][column].as_i64().expect("a number");
        usize::try_from(number).ok().map(|number| data["strings"][number].as_str().expect("a string"))
    };
    assert_eq!((&data["rows"][0][0], &data["rows"][0][1]), (&"0".into(), &"530000".into()));
    assert_eq!(
        [2, 3, 4, 5].map(|c| word(0, c)),
        [Some("Free"), Some("MEM_FREE"), None, Some("PAGE_NOACCESS")]
    );
    assert_eq!(data["rows"][0][8], serde_json::Value::Null);
    assert_eq!(data["rows"][3][0], "7ff640001000");
    assert_eq!([2, 3, 4].map(|c| word(3, c)), [Some("Image"), Some("MEM_COMMIT"), Some("MEM_IMAGE")]);
    assert_eq!((&data["rows"][3][8], &data["rows"][2][9]), (&"7ff640000000".into(), &2.into()));
}

/// What a person looks for is there without a script.
#[test]
fn the_page_says_it_in_text() {
    let page = body(&html::page(&report(), &map("x")));
    for wanted in [
        "<h1>An allocation of 923.778 MB failed because the machine&#39;s commit limit was reached.</h1>",
        "<li>commit_limit</li>",
        "<li>std::bad_alloc was thrown in thread 0x3e8.",
        "<span>exception at <code>0x7ffb12345678</code></span> <b>0xe06d7363\\u{202e}</b>",
        "WinDbg: <code>.exr -1</code>",
        "<h2>What to do</h2><ul><li>Reserve once what it will need.",
        "<dt>Requested</dt><dd>923.778 MB</dd>",
        "&lt;unknown&gt;",
        "<dt>System commit left</dt><dd>1.000 GB</dd>",
        "the largest of them is large enough",
        "neighbours smaller than 8.000 kB",
        "<noscript>",
        "C:\\Program Files\\Acme\\app.exe",
        "ERROR_COMMITMENT_LIMIT",
        "<code>memory_cut</code>",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    // The request stands above the classes that are too small for it.
    let (line, class) =
        (page.find("requested: 923.778 MB").expect("the line"), page.find("4 MB to 16 MB").expect("a class"));
    assert!(line < class);
}

#[test]
fn a_page_of_little_is_a_page() {
    let nothing = SpaceMap {
        rows: Vec::new(),
        kinds: Vec::new(),
        regions: 0,
        merged_below: None,
        free: Vec::new(),
        committed: Vec::new(),
        complete: false,
    };
    let page = html::page(&report_without_map(), &nothing);
    assert!(
        page.contains("<h1>The dump contains no exception.</h1>") && page.contains("contains no regions")
    );
    assert!(!page.contains("id=map") && page.ends_with("</html>\n"));
}
