import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { renderDriftHtml } from "../../../src/drift/report/index.ts";
import { requirement } from "../../requirement.ts";
import { bigReport, feature, HOSTILE, report } from "./sample-reports.ts";

const executablePath = "/usr/bin/chromium";
const inChromium = await requirement("Chromium", () => (existsSync(executablePath) ? undefined : `${executablePath} is missing`));

inChromium("renderDriftHtml in Chromium", () => {
  let browser: Browser;
  let page: Page;
  const said: string[] = [];

  const big = bigReport((i) => HOSTILE[i % HOSTILE.length]!);
  const history = Array.from({ length: 30 }, (_, t) => ({
    until: Date.UTC(2026, 0, 1 + t),
    features: Object.fromEntries(big.features.slice(0, 20).map(({ feature }, i) => [feature, (i * t) / 300])),
  }));
  const html = renderDriftHtml(big, { title: HOSTILE[3], history, generatedAt: 0 });

  /** Loads a page, and answers what the console has said of it. */
  const load = async (content: string) => {
    said.length = 0;
    await page.setContent(content, { waitUntil: "load" });
    return [...said];
  };

  beforeAll(async () => {
    const quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update"];
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-sync", ...quiet] });
    page = await browser.newPage();
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("request", (request) => said.push(`request: ${request.url()}`));
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
  });

  it("is well-formed XML, and is shown without an error, a violation of its policy or a request", async () => {
    expect(await load(html)).toEqual([]);
    const error = await page.evaluate(
      (source) => new DOMParser().parseFromString(source, "application/xhtml+xml").querySelector("parsererror")?.textContent,
      html,
    );
    expect(error).toBeUndefined();
    const { ran, elements, title } = await page.evaluate(() => ({
      ran: "ran" in globalThis,
      elements: [...new Set([...document.querySelectorAll("*")].map(({ localName }) => localName))],
      title: document.title,
    }));
    expect(ran).toBe(false);
    expect(title).toBe(HOSTILE[3]);
    expect(elements).not.toContain("script");
    expect(elements).not.toContain("img");
  });

  it("would not run a script nor load an image that came in all the same", async () => {
    const planted =
      '<script>globalThis.ran = true</script><img src="http://127.0.0.1:9/x.png" onerror="globalThis.ran = true"></main>';
    const violations = await load(html.replace("</main>", planted));
    expect(violations.filter((text) => /Content Security Policy/.test(text)).length).toBeGreaterThanOrEqual(2);
    expect(await page.evaluate(() => "ran" in globalThis)).toBe(false);
  });

  it.each([
    [360, "light"],
    [360, "dark"],
    [1200, "light"],
  ] as const)("fits a window of %i px, %s", async (width, colorScheme) => {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    await load(html);
    const { overflow, background } = await page.evaluate(() => ({
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      background: getComputedStyle(document.body).backgroundColor,
    }));
    expect(overflow).toBe(0);
    expect(background).toBe(colorScheme === "dark" ? "rgb(15, 19, 26)" : "rgb(245, 246, 249)");
  });

  it("draws columns as high as the shares, and names each plot for those who cannot see it", async () => {
    await load(renderDriftHtml(report([feature("amount")])));
    const heights = await page.evaluate(() =>
      [...document.querySelectorAll(".plot g.cu rect")].map((column) => column.getBoundingClientRect().height),
    );
    expect(heights.map((height) => height / 250)).toEqual([0.125, 0.5, 0.125, 0.25].map((share) => expect.closeTo(share, 3)));
    const plot = page.getByRole("img", { name: "Shares of reference and current rows in the cells of amount" });
    expect(await plot.count()).toBe(1);
  });
});
