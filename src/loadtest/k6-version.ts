/** The k6 the scripts are tested with. */
export const K6_VERSION = "v1.8.1";

/** How to get it: it is a Go module, not a package of npm. */
export const K6_MODULE = `go.k6.io/k6@${K6_VERSION}`;
