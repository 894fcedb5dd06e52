// Package simulate holds the estimator, the prober, the allocator and the pacer
// against links that change, without a network and in virtual time. It is tests
// only.
package simulate
