// Validates a SARIF log against the schema that @microsoft/jest-sarif ships, and checks what a schema cannot.
//   node sarif.cjs LOG
const fs = require('node:fs');
const path = require('node:path');
const {createRequire} = require('node:module');

const local = createRequire(path.join(process.cwd(), 'package.json'));
const Ajv = local('ajv');
const schema = JSON.parse(fs.readFileSync(path.join(process.cwd(), 'node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'), 'utf8'));
const log = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));

const ajv = new Ajv({allErrors: true, schemaId: 'auto', unknownFormats: 'ignore', logger: false});
if (String(schema.$schema).includes('draft-04')) ajv.addMetaSchema(local('ajv/lib/refs/json-schema-draft-04.json'));
const problems = [];
if (!ajv.validate(schema, log)) problems.push(...ajv.errors.map(error => `${error.dataPath} ${error.message}`));

const [run] = log.runs;
const rules = run.tool.driver.rules;
let fixes = 0;
for (const [index, result] of run.results.entries()) {
  if (rules[result.ruleIndex]?.id !== result.ruleId) problems.push(`results[${index}]: ruleIndex does not lead to ${result.ruleId}`);
  fixes += result.fixes?.length ?? 0;
}
// The checker itself must be able to fail.
const broken = structuredClone(log);
broken.runs[0].results[0].level = 'fatal';
delete broken.runs[0].tool.driver.name;
if (ajv.validate(schema, broken)) problems.push('the schema accepts a broken log, so this check proves nothing');

for (const problem of problems) console.log(`invalid: ${problem}`);
const suppressed = run.results.filter(result => result.suppressions).length;
const distinct = new Set(run.results.map(result => result.ruleId)).size;
console.log(`sarif: ${run.results.length} results of ${distinct} rules, ${fixes} fixes, ${suppressed} suppressed, ${run.invocations[0].toolConfigurationNotifications.length} policy notifications, ${problems.length} problems`);
process.exit(problems.length === 0 && run.results.length >= 40 && fixes >= 5 && suppressed >= 1 ? 0 : 1);
