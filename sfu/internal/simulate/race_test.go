//go:build race

package simulate

const traces = 60
