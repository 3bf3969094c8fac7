// The whole suite of blob stores over S3 in Chromium; `npm test` runs what a browser does otherwise than Node.
process.env["S3_BROWSER"] = "all";
await import("../adapters/s3-browser.test.ts");
