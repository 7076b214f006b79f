/// The style sheet of a report. No character in it means anything to HTML or XML.
///
/// Eight colours that stay apart with the common colour deficiencies (after Okabe and Ito), each with a contrast of at
/// least 3 to its ground in both themes; curves of several runs differ by dash and letter too.
package enum ReportStyle {
    private static let light = """
        --ground: #ffffff; --raised: #f5f6f8; --ink: #1b1f24; --muted: #565d66; --grid: #dde1e6;
        --base: #8b929b; --accent: #0b62a8; --right: 11, 98, 168; --wrong: 201, 86, 0;
        --c0: #0b6fb8; --c1: #c75300; --c2: #00805a; --c3: #b0478a; --c4: #6f55c0; --c5: #76700a; --c6: #b5322b; --c7: #1c7f88;
        --p0: #7a828c; --p1: #0b6fb8; --p2: #c75300; --p3: #e0a52e; --p4: #b0478a; --p5: #c3c9d0; --on0: #ffffff;
        --on1: #ffffff; --on2: #ffffff; --on3: #1b1f24; --on4: #ffffff; --on5: #1b1f24;
        """

    private static let dark = """
        --ground: #14171a; --raised: #1e2226; --ink: #e8eaed; --muted: #a6adb6; --grid: #2e343a;
        --base: #747c86; --accent: #7cbcf0; --right: 70, 150, 220; --wrong: 225, 120, 40;
        --c0: #58aef0; --c1: #f08a3c; --c2: #35c093; --c3: #e285bd; --c4: #a994f2; --c5: #c8be4a; --c6: #f0746c; --c7: #55c3cd;
        --p0: #8d96a0; --p1: #4a9fe0; --p2: #e67f33; --p3: #e8bd58; --p4: #d777b1; --p5: #454c54; --on0: #14171a;
        --on1: #14171a; --on2: #14171a; --on3: #14171a; --on4: #14171a; --on5: #e8eaed;
        """

    private static let dashes = ["none", "7 3", "2 3", "10 3 2 3", "12 4", "4 2", "1 4", "8 2 2 2 2 2"]

    package static var text: String {
        var curves = ""
        for (index, dash) in dashes.enumerated() {
            curves += ".s\(index) { stroke: var(--c\(index)); }\n.many .s\(index).line { stroke-dasharray: \(dash); }\n"
            curves += ".f\(index) { color: var(--c\(index)); fill: var(--c\(index)); }\n"
        }
        for part in 0..<6 {
            curves += "span.p\(part) { background: var(--p\(part)); color: var(--on\(part)); }\n"
            curves += ".area.p\(part) { fill: var(--p\(part)); }\n"
        }
        return """

            :root { \(light) }
            @media (prefers-color-scheme: dark) { :root { \(dark) } }
            @media print { :root { \(light) } }
            * { box-sizing: border-box; }
            html { -webkit-text-size-adjust: 100%; }
            body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI",
              "Helvetica Neue", Arial, sans-serif; }
            .page { max-width: 1240px; margin: 0 auto; padding: 24px 20px 48px; }
            h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 8px; overflow-wrap: anywhere; }
            h2 { font-size: 1.25rem; margin: 40px 0 8px; padding-top: 12px; border-top: 1px solid var(--grid); }
            h3 { font-size: 1rem; margin: 20px 0 2px; }
            h4 { font-size: 0.95rem; margin: 14px 0 4px; }
            p { margin: 0 0 8px; max-width: 75ch; }
            a { color: var(--accent); }
            code { font-family: ui-monospace, "Liberation Mono", Menlo, monospace; font-size: 0.9em; }
            .lead { font-size: 1.08rem; }
            .note { color: var(--muted); font-size: 0.88rem; max-width: 90ch; margin: 0 0 6px; }
            .missing { color: var(--muted); font-style: italic; }
            .skip { position: absolute; left: -999px; }
            .skip:focus { left: 8px; top: 8px; background: var(--ground); padding: 8px; z-index: 2; }
            nav { font-size: 0.9rem; margin: 14px 0 0; }
            nav a { margin-right: 14px; display: inline-block; padding: 2px 0; }
            .figures { list-style: none; display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 10px;
              margin: 18px 0 0; padding: 0; }
            .figures li { background: var(--raised); border-radius: 6px; padding: 10px 12px; color: var(--muted);
              font-size: 0.82rem; line-height: 1.3; }
            .figures strong { display: block; color: var(--ink); font-size: 1.3rem; font-weight: 600; margin-bottom: 2px;
              font-variant-numeric: tabular-nums; }
            .figures + .note { margin-top: 14px; }
            .facts { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 28px; margin: 4px 0 8px; padding: 0;
              font-size: 0.92rem; }
            .facts span { color: var(--muted); }
            .panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 4px 20px;
              margin: 0 0 4px; }
            .panel { min-width: 0; display: flex; flex-direction: column; }
            .panel .note { flex: 1 0 auto; }
            svg { display: block; width: 100%; height: auto; }
            svg text { font-size: 12px; fill: var(--muted); font-family: inherit; }
            svg .axis { fill: var(--ink); }
            svg .note { font-size: 11px; paint-order: stroke; stroke: var(--ground); stroke-width: 3px; }
            svg .letter { font-weight: 700; font-size: 13px; }
            .grid { stroke: var(--grid); fill: none; }
            .base { stroke: var(--base); fill: none; }
            .level { stroke: var(--base); fill: none; stroke-dasharray: 5 4; }
            .mark { stroke: var(--c6); fill: none; stroke-dasharray: 2 3; stroke-width: 1.5; }
            .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
            .noise { fill: none; stroke-width: 1; stroke-opacity: 0.35; stroke-linejoin: round; }
            .dots { fill: none; stroke-width: 6; stroke-linecap: round; }
            .cells rect { fill: var(--c0); }
            \(curves)
            .chip { font-weight: 700; }
            .runs { list-style: none; padding: 0; margin: 10px 0; }
            .runs li { margin: 0 0 10px; padding-left: 1.6em; text-indent: -1.6em; max-width: 100ch; }
            .runs .chip { display: inline-block; width: 1.6em; text-indent: 0; }
            .choice { display: none; }
            .lanes { display: grid; grid-template-columns: minmax(120px, max-content) 1fr; gap: 4px 14px; margin: 6px 0; }
            .lanes dt { font-size: 0.92rem; }
            .lanes dd { margin: 0; min-width: 0; }
            .lanes .count { color: var(--muted); white-space: nowrap; }
            .lane { height: 18px; background: var(--raised); border-radius: 3px; }
            .lane path { stroke: var(--c0); stroke-width: 1.6; fill: none; }
            .scale { display: flex; justify-content: space-between; color: var(--muted); font-size: 0.82rem; }
            .split { display: grid; grid-template-columns: minmax(120px, max-content) 1fr; gap: 14px; align-items: center;
              margin: 6px 0; }
            .bar { display: flex; height: 30px; border-radius: 4px; overflow: hidden; }
            .bar span { font-size: 0.82rem; line-height: 30px; text-align: center; white-space: nowrap; overflow: hidden;
              box-shadow: inset -1px 0 0 var(--ground); }
            .legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 18px; padding: 0; margin: 6px 0;
              font-size: 0.88rem; }
            .swatch { display: inline-block; width: 0.9em; height: 0.9em; border-radius: 2px; margin-right: 6px;
              vertical-align: -0.08em; }
            details { margin: 4px 0 10px; }
            summary { cursor: pointer; color: var(--accent); font-size: 0.9rem; padding: 4px 0; }
            .scroll { overflow-x: auto; max-width: 100%; }
            :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
            table { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; margin: 4px 0; }
            th, td { padding: 3px 12px 3px 0; text-align: right; border-bottom: 1px solid var(--grid); vertical-align: top; }
            th { font-weight: 600; color: var(--muted); vertical-align: bottom; }
            td { white-space: nowrap; }
            .text { text-align: left; overflow-wrap: anywhere; min-width: 9ch; white-space: normal; }
            tbody th { text-align: left; min-width: 14ch; }
            .learned .text { min-width: 16ch; }
            .learned tbody th { vertical-align: top; }
            .what { color: var(--muted); white-space: normal; display: block; min-width: 34ch; text-align: left; }
            .reach { width: 26%; min-width: 90px; }
            .reach svg { height: 12px; margin-top: 5px; }
            .half { flex: 1 1 340px; }
            .half figure { margin: 0; max-width: 440px; }
            .side { display: flex; flex-wrap: wrap; gap: 0 36px; }
            .side div { min-width: 0; max-width: 100%; }
            .side p { max-width: 56ch; }
            .split .what { white-space: nowrap; }
            td.best { font-weight: 700; }
            .confusion td, .confusion th { padding: 4px 8px; text-align: center; border: 1px solid var(--grid); }
            .confusion td, .confusion tbody th { min-width: 2.4em; }
            .confusion .right { background: rgba(var(--right), var(--s)); }
            .confusion .wrong { background: rgba(var(--wrong), var(--s)); }
            .confusion .sum { color: var(--muted); white-space: nowrap; }
            footer { color: var(--muted); font-size: 0.85rem; margin-top: 40px; }
            @media screen and (max-width: 760px) {
              .page { padding: 16px 14px 40px; }
              input.choice { display: inline; position: absolute; opacity: 0; }
              label.choice { display: inline-block; padding: 7px 12px; margin: 6px 4px 2px 0; border: 1px solid var(--base);
                border-radius: 16px; font-size: 0.88rem; }
              input.choice:checked + label.choice { background: var(--accent); color: var(--ground);
                border-color: var(--accent); }
              input.choice:focus-visible + label.choice { outline: 2px solid var(--accent); outline-offset: 2px; }
              #against-time:not(:checked) ~ figure .by-time, #against-passes:not(:checked) ~ figure .by-passes,
              #against-bytes:not(:checked) ~ figure .by-bytes { display: none; }
              .lanes, .split { grid-template-columns: 1fr; gap: 2px; }
              .lanes dd { margin-bottom: 8px; }
              dt.scale { display: none; }
            }
            @media print {
              body { font-size: 10pt; }
              .page { max-width: none; padding: 0; }
              nav, .skip, .choice { display: none; }
              .panels { grid-template-columns: repeat(3, 1fr); }
              .panel, .side div, .split, .lanes, .figures, .confusion, .note, tr { break-inside: avoid; }
              h2, h3, h4, h3 + .note { break-after: avoid; }
              .bar span, .swatch, .confusion td, .lane, .figures li { -webkit-print-color-adjust: exact;
                print-color-adjust: exact; }
              details:not([open]) { display: none; }
              .scroll { overflow: visible; }
            }

            """
    }
}
