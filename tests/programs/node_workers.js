// Worker threads that exchange buffers, jobs in the thread pool (zlib, scrypt,
// files), streams and a child process. Native memory is malloc's; every result
// is printed in a fixed order.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const zlib = require('zlib');
const { execFileSync } = require('child_process');
const { promisify } = require('util');
const { pipeline } = require('stream/promises');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

const digest = (data) => crypto.createHash('sha256').update(data).digest('hex').slice(0, 16);

function numbers(seed) {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * bound);
  };
}

function work(seed) {
  const number = numbers(seed);
  const kept = new Map();
  for (let i = 0; i < 4000; i++) {
    const buffer = Buffer.allocUnsafeSlow(1 + number(i % 50 === 0 ? 200000 : 3000)).fill(i & 255);
    kept.set(number(300), buffer);
  }
  const text = JSON.stringify([...kept].map(([key, value]) => [key, value.length, value[0]]).sort((a, b) => a[0] - b[0]));
  const sorted = Array.from({ length: 20000 }, () => number(1e6)).sort((a, b) => a - b);
  return { text, sorted: new Uint32Array(sorted) };
}

function inWorker(seed) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: { seed }, resourceLimits: { maxOldGenerationSizeMb: 64 } });
    worker.once('message', (message) => worker.once('exit', (code) => resolve({ ...message, code })));
    worker.once('error', reject);
  });
}

async function main() {
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all([1, 2, 3, 4].map((n) => inWorker(n + round * 10)));
    answers.forEach((a, i) => console.log('worker', round, i, a.code, digest(a.text), digest(Buffer.from(a.sorted.buffer))));
  }

  const number = numbers(99);
  const plain = Buffer.from(Array.from({ length: 600000 }, () => 97 + number(9)));
  const [gzip, deflate, brotli, scrypt] = await Promise.all([
    promisify(zlib.gzip)(plain),
    promisify(zlib.deflateRaw)(plain, { level: 9 }),
    promisify(zlib.brotliCompress)(plain, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 5 } }),
    promisify(crypto.scrypt)('word', 'salt', 64, { N: 4096 }),
  ]);
  console.log('squeezed', gzip.length, deflate.length, brotli.length, scrypt.toString('hex').slice(0, 16));
  console.log('again', digest(await promisify(zlib.brotliDecompress)(brotli)) === digest(plain));

  await fs.promises.writeFile('plain', plain);
  await pipeline(fs.createReadStream('plain', { highWaterMark: 5000 }), zlib.createGzip({ level: 1 }), fs.createWriteStream('squeezed.gz'));
  const files = Array.from({ length: 60 }, (_, i) => `file${i}`);
  await Promise.all(files.map((name, i) => fs.promises.writeFile(name, plain.subarray(0, i * 1000))));
  const sizes = await Promise.all(files.map(async (name) => (await fs.promises.readFile(name)).length));
  console.log('files', sizes.reduce((a, b) => a + b));

  const key = crypto.createHash('sha256').update('key').digest();
  const cipher = crypto.createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  console.log('cipher', digest(Buffer.concat([cipher.update(plain), cipher.final()])));
  console.log('child', execFileSync(process.execPath, ['-p', '[...Array(9).keys()].join()']).toString().trim());
  let rows = [];
  for (let i = 0; i < 60; i++) {
    rows.push(Array.from({ length: 2000 }, (_, j) => ({ id: i * j, name: `n${number(1e6)}` })));
    if (i % 20 === 19) { console.log('rows', digest(JSON.stringify(rows))); rows = []; global.gc(); }
  }
}

if (isMainThread) main();
else parentPort.postMessage(work(workerData.seed));
