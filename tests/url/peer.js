// SPDX-License-Identifier: MIT
// What Node makes of the lines of corpus.py: for each the URL and its parts, separated by tabs, or `invalid`.
'use strict';
const text = (hex) => Buffer.from(hex, 'hex').toString('utf8');
const answers = [];
for (const line of require('fs').readFileSync(0, 'latin1').split('\n')) {
  if (line === '') continue;
  const [reference, base] = line.split(' ');
  try {
    const url = base === '-' ? new URL(text(reference)) : new URL(text(reference), text(base));
    answers.push([url.href, url.protocol.slice(0, -1), url.username, url.password, url.hostname, url.host, url.pathname,
                  url.search.slice(1), url.hash.slice(1), url.origin].join('\t'));
  } catch (error) {
    answers.push('invalid');
  }
}
require('fs').writeSync(1, answers.join('\n') + '\n');
