package access

import (
	"slices"
)

// Key is one API key: its secret, and the tenant whose classes it sees.
type Key struct {
	Secret string
	Tenant string // "" is the default tenant
}

// Keys are the API keys of this server by name (a token's "iss").
type Keys map[string]Key

// For returns the name of the key that signs for a tenant: the first in
// alphabetical order, so that every node picks the same.
func (k Keys) For(tenant string) (string, bool) {
	best := ""
	for name, key := range k {
		if key.Tenant == tenant && (best == "" || name < best) {
			best = name
		}
	}
	return best, best != ""
}

// Tenants lists every tenant that has a key, sorted.
func (k Keys) Tenants() []string {
	var tenants []string
	for _, key := range k {
		if !slices.Contains(tenants, key.Tenant) {
			tenants = append(tenants, key.Tenant)
		}
	}
	slices.Sort(tenants)
	return tenants
}
