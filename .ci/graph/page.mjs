// Uses the page as a person without a mouse would. Called by .ci/graph-page: node page.mjs CHROMIUM FOLDER
import { statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, folder] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let checks = 0;
const failures = [];
const check = (right, what) => {
  checks += 1;
  if (!right) failures.push(what);
};

async function open(name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options });
  const page = await context.newPage();
  const file = `${folder}/${name}/map.html`;
  const own = pathToFileURL(file).href;
  page.on("console", (message) => check(!["error", "warning"].includes(message.type()), `${name}: console: ${message.text()}`));
  page.on("pageerror", (error) => check(false, `${name}: script: ${error.message}`));
  page.on("dialog", (dialog) => { check(false, `${name}: a dialog opened`); return dialog.dismiss(); });
  page.on("request", (request) => check(request.url() === own || request.url() === "data:,", `${name}: request to ${request.url().slice(0, 80)}`));
  await page.goto(own);
  check(statSync(file).size <= 2_000_000, `${name}: the page has more than 2 MB`);
  return page;
}
const status = (page) => page.locator("#status").textContent();
const chosen = (page) => page.locator(".v.chosen title").first().textContent().then((text) => text.split("\n")[0]);
const focused = (page, query) => page.evaluate((query) => document.activeElement.matches(query), query);

// The small one, all by keyboard.
{
  const page = await open("small");
  await page.screenshot({ path: `${folder}/small.png`, fullPage: true });
  await page.keyboard.press("/");
  check(await focused(page, "#q"), "small: the slash goes to the search");
  await page.keyboard.type("night");
  check((await page.locator(".v.hit").count()) === 1, "small: the search marks one box");
  const rows = await page.locator("tbody tr:visible").count();
  check(rows > 0 && rows < 10, `small: the search leaves few rows, not ${rows}`);
  check((await status(page)).startsWith("1 in the picture"), "small: the status says how many");
  await page.keyboard.press("Enter");
  check((await chosen(page)) === "Night service", "small: Enter chooses the first hit");
  check((await page.locator("#detail h3").textContent()) === "Night service", "small: the details name it");
  await page.screenshot({ path: `${folder}/small-chosen.png` });
  await page.keyboard.press("Escape");
  check((await page.locator(".v.chosen").count()) === 0, "small: Escape clears the choice");
  check((await page.locator("#q").inputValue()) === "", "small: Escape clears the search");

  // From the search by Tab to the first table.
  for (let at = 0; at < 12 && !(await focused(page, "#findings tbody tr")); at += 1) await page.keyboard.press("Tab");
  check(await focused(page, "#findings tbody tr:first-child"), "small: Tab reaches the first finding");
  await page.keyboard.press("ArrowDown");
  check(await focused(page, "#findings tbody tr:nth-child(2)"), "small: the arrow goes to the next finding");
  await page.keyboard.press("Enter");
  check((await page.locator("#findings tr[aria-selected=true]").count()) > 0, "small: Enter selects the row");
  check((await page.locator(".v.chosen").count()) > 1, "small: a circle's members are chosen in the picture");
  await page.keyboard.press("End");
  check(await focused(page, "#findings tbody tr:last-child"), "small: End goes to the last finding");
  await page.keyboard.press("Home");
  check(await focused(page, "#findings tbody tr:first-child"), "small: Home goes to the first finding");
  for (let at = 0; at < 6 && !(await focused(page, "#objects tbody tr")); at += 1) await page.keyboard.press("Tab");
  check(await focused(page, "#objects tbody tr"), "small: Tab reaches the objects");

  // The map.
  await page.keyboard.press("m");
  check(await focused(page, "#map"), "small: m goes to the map");
  const box = () => page.locator("#map").getAttribute("viewBox");
  await page.keyboard.press("0");
  const before = await box();
  await page.keyboard.press("+");
  check((await box()) !== before, "small: plus zooms");
  await page.keyboard.press("0");
  check((await box()).split(" ").map(Number).join() === before.split(" ").map(Number).join(), "small: 0 shows all");
  await page.keyboard.press("n");
  const first = await chosen(page);
  await page.keyboard.press("n");
  check(first && (await chosen(page)) !== first, "small: n goes from object to object");
  await page.keyboard.press("ArrowRight");
  await page.locator("#detail button").first().focus();
  await page.keyboard.press("Enter");
  check((await page.locator(".v.chosen").count()) === 1, "small: a reference in the details leads to its object");
  const labelled = await page.evaluate(() => [...document.querySelectorAll("input,button,svg[role],aside,section")].every(
    (part) => part.labels?.length || part.textContent.trim() || part.getAttribute("aria-label") || part.getAttribute("aria-labelledby")));
  check(labelled, "small: every control has a name");
}

// Dark, and narrow.
for (const [name, options] of [["dark", { colorScheme: "dark" }], ["narrow", { viewport: { width: 420, height: 900 } }]]) {
  const page = await open("small", options);
  await page.screenshot({ path: `${folder}/${name}.png` });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(wide <= 0, `${name}: the page is ${wide} pixels too wide`);
}

{
  const page = await open("large");
  await page.screenshot({ path: `${folder}/large.png`, fullPage: false });
  check((await page.locator(".v").count()) === 80, "large: the cap holds");
  check((await page.locator(".note", { hasText: "not shown" }).count()) === 1, "large: the page says what is left out");
  await page.keyboard.press("/");
  await page.keyboard.type("flow 1");
  check((await page.locator("tbody tr:visible").count()) > 0, "large: the search finds rows");
}

{
  const page = await open("hostile");
  await page.screenshot({ path: `${folder}/hostile.png`, fullPage: true });
  check((await page.title()) === "Dependencies", "hostile: no name ran as script");
  check((await page.locator("script").count()) === 1 && (await page.locator("img").count()) === 0, "hostile: no name made an element");
  check((await page.locator(".v").count()) === 8, "hostile: all objects are drawn");
  await page.locator(".v").first().click();
  check((await page.locator("#detail h3").count()) === 1 && (await page.locator("#detail img").count()) === 0, "hostile: names in the details are text");
}

await browser.close();
for (const failure of failures) console.error(`error: ${failure}`);
console.log(`graph-page: ${checks} checks, ${failures.length} failed; screenshots in ${folder}`);
process.exit(failures.length ? 1 : 0);
