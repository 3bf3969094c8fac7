/**
 * Conformance suites, a fake clock, fault injection, fake predictors, tiny models.
 *
 * @module modelwright/testing
 */

export { seeded } from "../core/random.ts";
export { type BlobReferencesSubject, blobReferencesConformance } from "./conformance/blob-references.ts";
export { type BlobStoreSuiteOptions, blobStoreConformance } from "./conformance/blob-store.ts";
export { executionProviderConformance } from "./conformance/execution-provider.ts";
export { keyValueStoreConformance } from "./conformance/key-value-store.ts";
export { monitoringStoreConformance } from "./conformance/monitoring-store.ts";
export { onlineStoreConformance } from "./conformance/online-store.ts";
export { registryReferencesConformance } from "./conformance/registry-references.ts";
export { registryStoreConformance } from "./conformance/registry-store.ts";
export { trackingReferencesConformance } from "./conformance/tracking-references.ts";
export { trackingStoreConformance } from "./conformance/tracking-store.ts";
export { FakeClock, type FakeClockOptions } from "./fake-clock.ts";
export { type FakePredictor, type FakePredictorCall, type FakePredictorOptions, fakePredictor } from "./fake-predictor.ts";
export { type FlakyOptions, flaky } from "./flaky.ts";
export type { DeepEquality, DefineTest, SuiteOptions, TestKit } from "./suite.ts";
export {
  addModel,
  externalDataModel,
  fixedBatchModel,
  identityModel,
  int4OutputModel,
  twoColumnModel,
  zipMapModel,
} from "./tiny-models.ts";
