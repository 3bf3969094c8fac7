import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { requirement } from "../requirement.ts";

const folder = "/usr/lib/chromium";
/** Chromium's Vulkan, which computes on the processor. */
const driver = `${folder}/vk_swiftshader_icd.json`;
const withVulkan = await requirement("Vulkan", () => (existsSync(driver) ? undefined : `${driver} is missing`));

withVulkan("onnx on WebGPU", () => {
  it("answers as on the processor, also runs at the same time", async () => {
    // The loader of libraries reads its path when a process starts.
    const env = { ...process.env, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: folder, XDG_RUNTIME_DIR: "/tmp" };
    const fixture = new URL("fixtures/onnx-on-webgpu.ts", import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, [fixture], { env });
    const { difference, answers } = JSON.parse(stdout);
    expect(answers).toBe(16);
    expect(difference).toBeLessThan(1e-5);
    // The device adds in another order: had the processor done its work, there would be no difference at all.
    expect(difference).toBeGreaterThan(0);
  }, 60_000);
});
