//go:build !linux

package signaling

// setPace: only Linux paces.
func setPace(uintptr, uint32) {}

// setAhead: nor is it held back.
func setAhead(uintptr, int) {}
