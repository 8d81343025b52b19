// SPDX-License-Identifier: MIT
// The HTTP client with Node's fetch.
import { readFileSync } from 'node:fs';

const [port, count, concurrency] = process.argv.slice(2).map(Number);
const url = `http://127.0.0.1:${port}/`;
const headers = { accept: '*/*', 'accept-encoding': 'gzip, deflate', 'user-agent': 'bench/1' };
let microseconds = [];

const memory = (label) => 1024 * Number(new RegExp(`${label}:\\s*(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))[1]);
const cpu = () => {
  const used = process.cpuUsage();
  return used.user + used.system;
};

async function fetchAll(requests) {
  let left = requests;
  const often = async () => {
    while (left > 0) {
      --left;
      const begun = performance.now();
      const response = await fetch(url, { headers });
      const body = await response.text();
      if (response.status !== 200 || body.length !== 13) throw new Error(`status ${response.status}`);
      microseconds.push(1e3 * (performance.now() - begun));
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, requests) }, often));
}

if (count > concurrency) await fetchAll(Math.max(Math.floor(count / 10), concurrency));
microseconds = [];
const bytes = memory('VmRSS');
const before = cpu();
await fetchAll(count);
console.log(`cpu_us ${(cpu() - before) / count}`);
console.log(`bytes ${(memory('VmHWM') - bytes) / concurrency}`);
microseconds.sort((a, b) => a - b);
for (const percent of [50, 99]) console.log(`p${percent}_us ${microseconds[Math.floor(((count - 1) * percent) / 100)]}`);
process.exit(0);
