export { HybridRouter, type HybridRouterOptions, type RouterPolicy, type RouterTarget } from "./hybrid-router.ts";
export type { Route, RouteAttempt, RoutedPrediction, RouteExhausted } from "./route.ts";
