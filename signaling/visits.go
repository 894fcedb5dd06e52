package signaling

import (
	"context"
	"net/http"

	lru "github.com/hashicorp/golang-lru/v2"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// visits remembers which pages have come in. A person enters a class by an act, with a page key of
// its own, and the page's sockets come back by themselves after that: whoever was removed or refused
// knocks by an act only. So a key that has come in before asks for nothing. What is forgotten,
// as at a restart, costs a knock that nobody meant.
type visits struct{ known *lru.Cache[visit, struct{}] }

type visit struct{ tenant, class, identity, page string }

const (
	maxVisits  = 1 << 16
	maxPageKey = 64 // bytes; a longer one is none of our pages'
)

func newVisits() visits {
	known, err := lru.New[visit, struct{}](maxVisits)
	if err != nil {
		panic(err) // of a size below one alone
	}
	return visits{known}
}

// begin: this page has come in.
func (v visits) begin(c *access.Claims, page string) {
	if page != "" && len(page) <= maxPageKey {
		v.known.Add(visit{c.Tenant, c.Room, c.Identity, page}, struct{}{})
	}
}

// began says whether this page has come in before.
func (v visits) began(c *access.Claims, page string) bool {
	return page != "" && v.known.Contains(visit{c.Tenant, c.Room, c.Identity, page})
}

var (
	errRemoved = &refused{http.StatusForbidden, "removed", "removed from the class: ask to come back"}
	errRefused = &refused{http.StatusForbidden, "refused", "not let into the class: ask again"}
)

// sentAway is how the claims' holder was sent away, if they were, and have not asked again.
func sentAway(ctx context.Context, r *room.Room, c *access.Claims) error {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	state, err := r.State(ctx)
	if err != nil {
		return err
	}
	switch class.SentAway(state, c.Identity) {
	case classpb.LeaveReason_LEAVE_REASON_UNSPECIFIED:
		return nil
	case classpb.LeaveReason_LEAVE_REASON_REFUSED:
		return errRefused
	default:
		return errRemoved
	}
}
