// Markdown to DOM nodes. Text only becomes text nodes, so that nothing a model
// writes can become markup or script.

/** Returns the elements of a Markdown text. */
export function markdown(text) {
  return blocks(text.split("\n"));
}

function blocks(lines) {
  const out = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i];
    let match;
    if (!line.trim()) {
      i++;
    } else if ((match = line.match(/^\s*(```+|~~~+)/))) {
      const end = lines.findIndex((l, n) => n > i && l.trim().startsWith(match[1]));
      const last = end < 0 ? lines.length : end;
      out.push(element("pre", [element("code", [lines.slice(i + 1, last).join("\n")])]));
      i = last + 1;
    } else if ((match = line.match(/^(#{1,6})\s+(.*)/))) {
      // The page itself has the first two levels.
      out.push(element(`h${Math.min(match[1].length + 2, 6)}`, inline(match[2])));
      i++;
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      out.push(element("hr"));
      i++;
    } else if (/^\s*>/.test(line)) {
      const quoted = take(lines, i, (l) => /^\s*>/.test(l));
      out.push(element("blockquote", blocks(quoted.map((l) => l.replace(/^\s*>\s?/, "")))));
      i += quoted.length;
    } else if (line.includes("|") && /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(lines[i + 1] ?? "")) {
      const rows = take(lines, i, (l) => l.includes("|"));
      out.push(table(rows));
      i += rows.length;
    } else if (listItem.test(line)) {
      const [, indent, mark] = line.match(listItem);
      const numbered = /\d/.test(mark);
      // An item of the other kind that is no deeper than the first begins another list.
      const belongs = (l) => {
        const item = l.match(listItem);
        return item ? item[1].length > indent.length || /\d/.test(item[2]) === numbered : /^\s+\S/.test(l);
      };
      const items = take(lines, i, (l, n) => belongs(l) || (!l.trim() && belongs(lines[n + 1] ?? "")));
      out.push(list(items));
      i += items.length;
    } else {
      const paragraph = take(lines, i, (l, n) => l.trim() && (n === i || !/^(#{1,6}\s|\s*(```|~~~|>))/.test(l) && !listItem.test(l)));
      out.push(element("p", inline(paragraph.join("\n"))));
      i += paragraph.length;
    }
  }
  return out;
}

const listItem = /^(\s*)([-*+]|\d+[.)])\s+(.*)/;

/** Returns the lines from start on, as long as belongs is true of them. */
function take(lines, start, belongs) {
  let end = start;
  while (end < lines.length && belongs(lines[end], end)) end++;
  return lines.slice(start, end);
}

function list(lines) {
  const [, indent, mark] = lines[0].match(listItem);
  const items = [];
  for (const line of lines) {
    const match = line.match(listItem);
    if (match && match[1].length <= indent.length) items.push([match[3]]);
    else items.at(-1).push(line.slice(Math.min(indent.length + 2, line.length - line.trimStart().length)));
  }
  const node = element(/\d/.test(mark) ? "ol" : "ul", items.map((item) => {
    const content = blocks(item);
    // A single paragraph needs no element around it.
    return element("li", content[0]?.tagName === "P" ? [...content[0].childNodes, ...content.slice(1)] : content);
  }));
  if (node.tagName === "OL") node.start = parseInt(mark, 10);
  return node;
}

function table(rows) {
  const cells = (row) => row.trim().replace(/^\||\|$/g, "").split("|").map((cell) => inline(cell.trim()));
  const [head, , ...body] = rows;
  return element("table", [
    element("thead", [element("tr", cells(head).map((cell) => element("th", cell)))]),
    element("tbody", body.map((row) => element("tr", cells(row).map((cell) => element("td", cell))))),
  ]);
}

const spans = /(`+)(.+?)\1|\*\*(.+?)\*\*|__(.+?)__|~~(.+?)~~|\*([^\s*][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)|(https?:\/\/[^\s<>)]+[^\s<>).,;:!?])/s;

/** Returns the nodes of inline text. */
function inline(text) {
  const out = [];
  let match;
  while ((match = text.match(spans))) {
    const [all, , code, strong, strong2, struck, emphasis, label, target, address] = match;
    if (match.index) out.push(text.slice(0, match.index));
    if (code !== undefined) out.push(element("code", [code]));
    else if (strong ?? strong2) out.push(element("strong", inline(strong ?? strong2)));
    else if (struck) out.push(element("s", inline(struck)));
    else if (emphasis) out.push(element("em", inline(emphasis)));
    else if (address) out.push(link(address, [address]));
    else out.push(link(target, inline(label)));
    text = text.slice(match.index + all.length);
  }
  if (text) out.push(text);
  return out;
}

function link(target, content) {
  if (!/^(https?:|mailto:)/i.test(target)) return element("span", content);
  const node = element("a", content);
  node.href = target;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return node;
}

function element(name, content = []) {
  const node = document.createElement(name);
  node.append(...content);
  return node;
}
