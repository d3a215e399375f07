// Notes in markdown, built as elements: nothing in them is ever taken for HTML, and links lead to http(s) alone.
import type { ReactNode } from "react";

const PIECE = /(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*|\[[^\]]+\]\([^)\s]+\))/;

function inline(text: string): ReactNode[] {
  return text.split(PIECE).map((one, at) => {
    if (at % 2 === 0) return one;
    if (one.startsWith("`")) return <code key={at}>{one.slice(1, -1)}</code>;
    if (one.startsWith("**")) return <strong key={at}>{one.slice(2, -2)}</strong>;
    if (one.startsWith("*")) return <em key={at}>{one.slice(1, -1)}</em>;
    const [, words, address] = /^\[([^\]]+)\]\(([^)\s]+)\)$/.exec(one) ?? [];
    if (!words || !address || !/^https?:\/\//i.test(address)) return words ?? one;
    return <a key={at} href={address} rel="noopener noreferrer nofollow" target="_blank">{words}</a>;
  });
}

export function Markdown({ text }: { text: string }) {
  const blocks: ReactNode[] = [];
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (!line.trim()) continue;
    if (line.startsWith("```")) {
      const code: string[] = [];
      for (at += 1; at < lines.length && !lines[at]?.startsWith("```"); at += 1) code.push(lines[at] ?? "");
      blocks.push(<pre key={at}>{code.join("\n")}</pre>);
    } else if (/^#{1,4} /.test(line)) {
      blocks.push(<p key={at}><strong>{inline(line.replace(/^#+ /, ""))}</strong></p>);
    } else if (/^\s*[-*] /.test(line)) {
      const items: ReactNode[] = [];
      for (; at < lines.length && /^\s*[-*] /.test(lines[at] ?? ""); at += 1) items.push(<li key={at}>{inline((lines[at] ?? "").replace(/^\s*[-*] /, ""))}</li>);
      at -= 1;
      blocks.push(<ul key={`list-${at}`}>{items}</ul>);
    } else {
      const words = [line];
      while (at + 1 < lines.length && (lines[at + 1] ?? "").trim() && !/^(#{1,4} |\s*[-*] |```)/.test(lines[at + 1] ?? "")) words.push(lines[(at += 1)] ?? "");
      blocks.push(<p key={at}>{inline(words.join(" "))}</p>);
    }
  }
  return <div className="note">{blocks}</div>;
}
