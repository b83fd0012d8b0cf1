// Generates policies from a seed, judges each with csp_evaluator and with ours, and compares finding by finding.
//   node csp.mjs CONFORMANCE_BINARY COUNT
import {spawnSync} from 'node:child_process';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import path from 'node:path';

const [binary, countText] = process.argv.slice(2);
const count = Number(countText);
const require = createRequire(pathToFileURL(path.join(process.cwd(), 'package.json')));
const {CspEvaluator, DEFAULT_CHECKS, STRICTCSP_CHECKS} = require('csp_evaluator/dist/evaluator.js');
const {CspParser} = require('csp_evaluator/dist/parser.js');
const {Type} = require('csp_evaluator/dist/finding.js');
const {checkHasConfiguredReporting} = require('csp_evaluator/dist/checks/security_checks.js');

// Their kind of finding and our code for it.
const SHARED = new Map([
  [Type.UNKNOWN_DIRECTIVE, 'W601'], [Type.MISSING_SEMICOLON, 'W602'], [Type.INVALID_KEYWORD, 'W603'], [Type.DEPRECATED_DIRECTIVE, 'W605'],
  [Type.SCRIPT_UNSAFE_INLINE, 'W610'], [Type.SCRIPT_UNSAFE_EVAL, 'W611'], [Type.SCRIPT_UNSAFE_HASHES, 'W612'], [Type.PLAIN_URL_SCHEMES, 'W613'],
  [Type.PLAIN_WILDCARD, 'W614'], [Type.SRC_HTTP, 'W618'], [Type.IP_SOURCE, 'W619'], [Type.NONCE_LENGTH, 'W620'], [Type.NONCE_CHARSET, 'W621'],
  [Type.SCRIPT_ALLOWLIST_BYPASS, 'W622'], [Type.OBJECT_ALLOWLIST_BYPASS, 'W623'], [Type.STRICT_DYNAMIC_NOT_STANDALONE, 'W624'],
  [Type.STRICT_DYNAMIC, 'W625'], [Type.UNSAFE_INLINE_FALLBACK, 'W626'], [Type.ALLOWLIST_FALLBACK, 'W627'],
  [Type.REQUIRE_TRUSTED_TYPES_FOR_SCRIPTS, 'W628'], [Type.REPORTING_DESTINATION_MISSING, 'W629'], [Type.REPORT_TO_ONLY, 'W629'], [Type.IGNORED, 'W630'],
]);
const MISSING = {'script-src': 'W615', 'object-src': 'W616', 'base-uri': 'W617'};
// Ours alone: repeated directives, characters, and everything about framing.
const CODES = new Set([...SHARED.values(), ...Object.values(MISSING)]);

let state = 20240917;
const random = limit => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};
const pick = list => list[random(list.length)];

const DIRECTIVES = [
  'script-src', 'script-src', 'script-src', 'default-src', 'default-src', 'object-src', 'object-src', 'base-uri', 'style-src', 'img-src', 'connect-src',
  'script-src-elem', 'script-src-attr', 'frame-ancestors', 'form-action', 'worker-src', 'report-uri', 'report-to', 'sandbox',
  'upgrade-insecure-requests', 'require-trusted-types-for', 'trusted-types', 'plugin-types', 'referrer', 'reflected-xss', 'prefetch-src', 'disown-opener',
  'scripts-src', 'default-src:', 'foo', 'Script-Src', 'OBJECT-SRC',
];
const VALUES = [
  "'self'", "'self'", "'none'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "'strict-dynamic'", "'report-sample'", "'wasm-unsafe-eval'",
  "'nonce-4AEemGb0xJptoIGFP3Nd'", "'nonce-abc'", "'nonce-$$$$$$$$$'", "'sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ='", "'sha512-short='",
  "'sha256-***'", "'Self'", "'UNSAFE-INLINE'", "'unknown'", "'none", 'self', 'none', 'unsafe-inline', 'strict-dynamic', 'nonce-abcdefgh', 'sha256-abcd=',
  '*', 'https:', 'http:', 'data:', 'blob:', 'HTTPS:', 'https://*', 'http://*', '//*', 'cdn.example.com', '*.example.com', 'https://cdn.example.com/lib/',
  'http://cdn.example.com', 'https://cdn.example.com:8443', 'cdn.example.com:*', '127.0.0.1', 'https://203.0.113.7', '203.0.113.7:8080', '[2001:db8::1]',
  'https://[2001:db8::1]:8443', 'localhost', 'object-src', 'script-src', "'script'", "'allow-duplicates'", 'allow-scripts', '/csp-report', 'default',
  'application/pdf', '0x7f.1',
];
// Where the two are known to differ: rare, so that the differences are seen without hiding others.
const RARE = ['HTTP://cdn.example.com', "'trusted-types-eval'"];
const policy = () => {
  const parts = [];
  for (let directives = 1 + random(6); directives > 0; directives--) {
    const values = Array.from({length: random(5)}, () => pick(random(2000) ? VALUES : RARE));
    parts.push([random(2000) ? pick(DIRECTIVES) : 'fenced-frame-src', ...values].join(pick([' ', ' ', ' ', '  ', '\t'])));
  }
  return parts.join(pick(['; ', ';', ' ; ', ';;'])) + pick(['', ';']);
};

const policies = Array.from({length: count}, policy);
const theirs = policies.map(text => {
  try {
    const findings = new CspEvaluator(new CspParser(text).csp).evaluate(STRICTCSP_CHECKS, [...DEFAULT_CHECKS, checkHasConfiguredReporting]);
    const lines = findings.map(finding => {
      const code = finding.type === Type.MISSING_DIRECTIVES ? MISSING[finding.directive] : SHARED.get(finding.type);
      if (!code) throw new Error(`no counterpart for their type ${finding.type}`);
      return `${code} ${finding.directive} ${finding.value ?? '-'}`;
    });
    return new Set(lines);
  } catch (error) {
    if (error instanceof TypeError && error.code === 'ERR_INVALID_URL') return null;
    throw error;
  }
});
const run = spawnSync(binary, ['csp'], {input: policies.map(text => JSON.stringify(text)).join('\n') + '\n', maxBuffer: 1 << 30, encoding: 'utf8'});
if (run.status !== 0) throw new Error(`ours failed: ${run.stderr}`);
const ours = run.stdout.trimEnd().split('\n').map(line => new Set(JSON.parse(line)
  .filter(issue => CODES.has(issue.code))
  .map(issue => `${issue.code} ${issue.directive} ${issue.value ?? '-'}`)));
if (ours.length !== count) throw new Error(`${ours.length} answers for ${count} policies`);

// Why a finding stands on one side only. Everything else is a disagreement without excuse.
const EXPLAINED = [
  ['directive newer than their list', line => line.includes('fenced-frame-src')],
  ['keyword newer than their list', line => line.includes("'trusted-types-eval'")],
  ['scheme compared without case here, with case there', line => line.includes('HTTP://')],
];
let compared = 0, equal = 0, skipped = 0, findings = 0;
const reasons = new Map(), unexplained = [];
policies.forEach((text, index) => {
  if (theirs[index] === null) { skipped++; return; }
  compared++;
  findings += theirs[index].size;
  const different = [
    ...[...theirs[index]].filter(line => !ours[index].has(line)).map(line => `theirs only: ${line}`),
    ...[...ours[index]].filter(line => !theirs[index].has(line)).map(line => `ours only: ${line}`),
  ];
  if (different.length === 0) { equal++; return; }
  for (const line of different) {
    const reason = EXPLAINED.find(([, test]) => test(line))?.[0];
    if (reason) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    else unexplained.push(`${text}\n    ${line}`);
  }
});
for (const line of unexplained.slice(0, 20)) console.log(`unexplained: ${line}`);
for (const [reason, times] of reasons) console.log(`explained ${times} times: ${reason}`);
const share = (100 * equal / compared).toFixed(2);
console.log(`csp: ${compared} policies compared, ${findings} findings of theirs, ${equal} policies judged alike (${share} %), ${unexplained.length} unexplained differences, ${skipped} skipped because their evaluator throws on them`);
process.exit(compared >= 10000 && equal / compared >= 0.99 && unexplained.length === 0 ? 0 : 1);
