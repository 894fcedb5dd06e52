//go:build race

package packet

// The race detector makes sync.Pool forget at random.
const raceEnabled = true
