// SPDX-License-Identifier: MIT
// The page that shows an application's description: one file, which loads nothing but that description.
#include <hocket/http/openapi_internal.h>

namespace hocket::http {

namespace {

constexpr std::string_view head = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API</title>
<style>
:root {
  color-scheme: light dark;
  --page: #f7f7f5; --card: #ffffff; --ink: #1d1f23; --faint: #666b75; --line: #e2e2dd; --accent: #2f5fd0; --field: #ffffff;
  --code: #f1f1ee; --get: #1c7c54; --post: #2f5fd0; --put: #9a6200; --patch: #7a4fb5; --delete: #b3362b; --other: #5c6470;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131519; --card: #1b1e24; --ink: #e7e8ea; --faint: #9aa1ad; --line: #2c313a; --accent: #85a8ff; --field: #14171c;
    --code: #14171c; --get: #58c796; --post: #85a8ff; --put: #e0ac4b; --patch: #c3a0f2; --delete: #f0857a; --other: #a9b0bb;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 56rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: .85rem; letter-spacing: .08em; text-transform: uppercase; color: var(--faint); margin: 2.25rem 0 .6rem; }
h3 { font-size: .85rem; margin: 1.1rem 0 .4rem; color: var(--faint); font-weight: 600; }
p { margin: .5rem 0; white-space: pre-line; overflow-wrap: anywhere; }
a { color: var(--accent); }
.version { color: var(--faint); margin: .3rem 0 0; }
.filter { width: 100%; margin-top: 1.5rem; }
details { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: .5rem 0; }
summary { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; padding: .65rem .9rem; cursor: pointer; list-style: none;
          border-radius: 10px; }
summary::-webkit-details-marker { display: none; }
summary:hover .path { text-decoration: underline; text-underline-offset: 3px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.method { font: 700 .78rem var(--mono); min-width: 3.6rem; color: var(--of); }
.path { font: 600 .95rem var(--mono); overflow-wrap: anywhere; }
.path i { font-style: normal; color: var(--accent); }
.says { color: var(--faint); font-size: .92rem; flex: 1 1 12rem; }
.inside { padding: .2rem .9rem 1rem; border-top: 1px solid var(--line); }
label { display: grid; grid-template-columns: minmax(8rem, 14rem) 1fr; gap: .1rem .9rem; align-items: start; margin: .55rem 0; }
label b { font: 600 .9rem var(--mono); overflow-wrap: anywhere; }
label small { display: block; color: var(--faint); font: .8rem system-ui, sans-serif; }
label span.note { grid-column: 2; color: var(--faint); font-size: .85rem; }
input, textarea, select, button { font: .92rem var(--mono); color: var(--ink); background: var(--field); border: 1px solid var(--line);
          border-radius: 7px; padding: .42rem .6rem; width: 100%; }
textarea { min-height: 6rem; resize: vertical; }
button { width: auto; background: var(--accent); border-color: var(--accent); color: var(--card); font: 600 .92rem system-ui, sans-serif;
         padding: .45rem 1.1rem; cursor: pointer; }
button:hover { filter: brightness(1.08); }
button:disabled { opacity: .55; cursor: default; }
.row { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; margin-top: .9rem; }
.row code { color: var(--faint); font: .82rem var(--mono); overflow-wrap: anywhere; flex: 1 1 12rem; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 8px; padding: .75rem .9rem; margin: .5rem 0; overflow: auto;
      max-height: 28rem; font: .85rem/1.45 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
td { border-top: 1px solid var(--line); padding: .35rem .6rem .35rem 0; vertical-align: top; }
td:first-child { font: 600 .88rem var(--mono); width: 4.5rem; }
.status { font: 600 .9rem var(--mono); }
.fine { color: var(--get); } .bad { color: var(--delete); }
@media (max-width: 36rem) { label { grid-template-columns: 1fr; } label span.note { grid-column: 1; } }
</style>
</head>
)html";

constexpr std::string_view body = R"html(
<main>
<header>
<h1 id="title">&hellip;</h1>
<p class="version" id="version"></p>
<p id="about"></p>
<input class="filter" id="filter" type="search" placeholder="Filter: path, method or words" aria-label="Filter the routes">
</header>
<div id="routes"></div>
<noscript><p>This page needs JavaScript to show the description.</p></noscript>
</main>
<script>
"use strict";
const known = {get: "--get", post: "--post", put: "--put", patch: "--patch", delete: "--delete"};

// An element with properties, and children that are elements or text: text never becomes markup.
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

function typeName(schema) {
  if (!schema || !schema.type) return "any";
  return schema.format ? schema.type + " (" + schema.format + ")" : schema.type;
}

function pathWithMarks(path) {
  const element = make("span", {className: "path"});
  for (const part of path.split(/(\{[^}]*\})/)) element.append(part.startsWith("{") ? make("i", {}, part) : part);
  return element;
}

function fieldFor(parameter) {
  const type = parameter.schema && parameter.schema.type;
  let field;
  if (type === "boolean") {
    field = make("select", {});
    if (!parameter.required) field.append(make("option", {value: ""}, ""));
    field.append(make("option", {}, "true"), make("option", {}, "false"));
  } else {
    field = make("input", {type: "text", autocomplete: "off", spellcheck: false});
    if (type === "integer") field.inputMode = "numeric";
    if (type === "number") field.inputMode = "decimal";
  }
  field.required = !!parameter.required;
  return field;
}

function labelled(name, note, description, field) {
  return make("label", {}, make("b", {}, name, make("small", {}, note)), field,
              description ? make("span", {className: "note"}, description) : null);
}

function inShape(text, type) {
  if (!/json/.test(type)) return text;
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

async function send(method, target, body, type, button, out) {
  button.disabled = true;
  out.replaceChildren(make("p", {}, "waiting for the answer"));
  const begun = performance.now();
  try {
    const options = {method: method.toUpperCase()};
    if (body !== null) Object.assign(options, {body, headers: {"Content-Type": type}});
    const answer = await fetch(target, options);
    const bytes = await answer.arrayBuffer();
    const took = (performance.now() - begun).toFixed(0);
    const mark = make("span", {className: answer.ok ? "fine" : "bad"}, answer.status + " " + answer.statusText);
    const kind = answer.headers.get("Content-Type") || "";
    const fields = [...answer.headers].map(field => field.join(": ")).join("\n");
    const readable = kind === "" || /json|text|xml|javascript/.test(kind);
    const text = readable ? inShape(new TextDecoder().decode(bytes), kind) : bytes.byteLength + " bytes of " + kind;
    out.replaceChildren(
      make("p", {className: "status"}, mark, ", " + bytes.byteLength + " bytes in " + took + " ms"),
      make("pre", {tabIndex: 0}, text || "(no body)"),
      make("h3", {}, "Header fields"), make("pre", {tabIndex: 0}, fields));
  } catch (error) {
    out.replaceChildren(make("p", {className: "bad"}, "No answer: " + error.message));
  }
  button.disabled = false;
}

function trial(method, path, operation) {
  const fields = [];
  const form = make("form", {});
  const parameters = operation.parameters || [];
  if (parameters.length) form.append(make("h3", {}, "Parameters"));
  for (const parameter of parameters) {
    const field = fieldFor(parameter);
    fields.push([parameter, field]);
    const note = typeName(parameter.schema) + ", in the " + parameter.in + (parameter.required ? "" : ", optional");
    form.append(labelled(parameter.name, note, parameter.description, field));
  }
  let body = null, type = "";
  if (operation.requestBody) {
    type = Object.keys(operation.requestBody.content || {})[0] || "application/json";
    body = make("textarea", {spellcheck: false, value: /json/.test(type) ? "{}" : ""});
    form.append(make("h3", {}, "Body"), labelled("body", type, operation.requestBody.description, body));
  }
  const target = () => {
    const query = new URLSearchParams();
    let filled = path;
    for (const [parameter, field] of fields) {
      if (parameter.in === "path") {
        filled = filled.replace("{" + parameter.name + "}", field.value === "" ? "{" + parameter.name + "}" : encodeURIComponent(field.value));
      } else if (field.value !== "") {
        query.append(parameter.name, field.value);
      }
    }
    return filled + (query.size || [...query].length ? "?" + query : "");
  };
  const shown = make("code", {}, path);
  const button = make("button", {type: "submit"}, "Try it");
  const out = make("div", {});
  out.setAttribute("aria-live", "polite");
  form.append(make("div", {className: "row"}, button, shown));
  form.addEventListener("input", () => { shown.textContent = target(); });
  form.addEventListener("submit", event => {
    event.preventDefault();
    shown.textContent = target();
    send(method, target(), body ? body.value : null, type, button, out);
  });
  form.append(out);
  return form;
}

function card(path, method, operation) {
  const badge = make("span", {className: "method"}, method.toUpperCase());
  badge.style.setProperty("--of", "var(" + (known[method] || "--other") + ")");
  const answers = make("table", {});
  for (const [status, answer] of Object.entries(operation.responses || {})) {
    const kinds = Object.keys(answer.content || {}).join(", ");
    answers.append(make("tr", {}, make("td", {}, status), make("td", {}, answer.description + (kinds ? " (" + kinds + ")" : ""))));
  }
  const element = make("details", {},
    make("summary", {}, badge, pathWithMarks(path), make("span", {className: "says"}, operation.summary || "")));
  element.addEventListener("toggle", () => {
    if (!element.open || element.children.length > 1) return;
    element.append(make("div", {className: "inside"},
      operation.description ? make("p", {}, operation.description) : null,
      trial(method, path, operation), make("h3", {}, "Answers"), answers));
  });
  element.words = [method, path, operation.summary, operation.description, ...(operation.tags || [])].join(" ").toLowerCase();
  return element;
}

function show(description) {
  const about = description.info;
  document.title = about.title;
  document.getElementById("title").textContent = about.title;
  const version = document.getElementById("version");
  version.append("Version " + about.version + " \u00b7 ", make("a", {href: document.body.dataset.openapi}, "OpenAPI " + description.openapi));
  document.getElementById("about").textContent = about.description || "";
  const groups = new Map();
  for (const [path, operations] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      for (const tag of operation.tags || ["routes"]) {
        if (!groups.has(tag)) groups.set(tag, []);
        groups.get(tag).push(card(path, method, operation));
      }
    }
  }
  const routes = document.getElementById("routes");
  for (const [tag, cards] of groups) routes.append(make("section", {}, make("h2", {}, tag), ...cards));
  if (!groups.size) routes.append(make("p", {}, "No routes."));
  document.getElementById("filter").addEventListener("input", event => {
    const words = event.target.value.toLowerCase().split(/\s+/);
    for (const section of routes.querySelectorAll("section")) {
      let left = 0;
      for (const element of section.querySelectorAll("details")) {
        element.hidden = !words.every(word => element.words.includes(word));
        left += !element.hidden;
      }
      section.hidden = left === 0;
    }
  });
}

fetch(document.body.dataset.openapi)
  .then(answer => answer.ok ? answer.json() : Promise.reject(new Error(answer.status + " " + answer.statusText)))
  .then(show)
  .catch(error => {
    document.getElementById("title").textContent = "No description";
    document.getElementById("about").textContent = "The description of this application could not be read: " + error.message;
  });
</script>
</body>
</html>
)html";

std::string escaped_attribute(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
            case '&': escaped += "&amp;"; break;
            case '"': escaped += "&quot;"; break;
            case '<': escaped += "&lt;"; break;
            default: escaped += c;
        }
    }
    return escaped;
}

}  // namespace

std::string docs_page(std::string_view openapi_url) {
    std::string page(head);
    page.append("<body data-openapi=\"").append(escaped_attribute(openapi_url)).append("\">").append(body);
    return page;
}

}  // namespace hocket::http
