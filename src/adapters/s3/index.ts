/**
 * Content-addressed artifacts in a bucket of S3 or of a service that speaks its protocol. Runs on Node and in browsers.
 *
 * @module modelwright/s3
 */

export { s3 } from "./s3.ts";
export type { Aws4FetchLibrary, S3Credentials, S3Fetch, S3Options, S3SignerOptions } from "./s3-options.ts";
