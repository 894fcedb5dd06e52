package access

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/livekit/protocol/auth"

	"preau/signaling/classpb"
)

func TestRefreshLeavesTheServerAPIOut(t *testing.T) {
	no := false
	all := auth.VideoGrant{
		RoomJoin: true, Room: "5b", RoomAdmin: true, RoomCreate: true, RoomList: true, RoomRecord: true,
		IngressAdmin: true, CanManageAgentSession: &no, DestinationRoom: "6a", CanPublishData: &no,
	}
	token, err := auth.NewAccessToken("school", keys["school"].Secret).
		SetIdentity("u").SetVideoGrant(&all).SetValidFor(30 * 24 * time.Hour).ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // the first is the token as it was signed
		c, err := keys.Verify(token)
		if err != nil {
			t.Fatal(err)
		}
		if c.Role != classpb.Role_ROLE_TEACHER || !c.Foreign || !c.Permissions.GetNoData() || c.Attributes != nil {
			t.Errorf("claims are %+v", c)
		}
		if c.Lifetime != TokenTTL {
			t.Errorf("a token of a month is renewed for %v", c.Lifetime)
		}
		if token, err = keys.Refresh(c); err != nil {
			t.Fatal(err)
		}
		after, err := keys.Verify(token)
		if err != nil {
			t.Fatal(err)
		}
		v := after.Grants.Video
		if v.RoomAdmin || v.RoomCreate || v.RoomList || v.RoomRecord || v.IngressAdmin ||
			v.CanManageAgentSession != nil || v.DestinationRoom != "" {
			t.Errorf("the refreshed grants are %+v", v)
		}
		if after.MayJoin("5b") != nil || time.Until(after.Expires) > TokenTTL+time.Second {
			t.Errorf("the refreshed token joins until %v", after.Expires)
		}
	}
}

func TestRefreshKeepsWhatAClassOpensWith(t *testing.T) {
	token := mustSign(t, "school", Token{
		Class: "5b", Identity: "u", Role: classpb.Role_ROLE_TEACHER, Title: "5e B", Lobby: true, TTL: time.Hour,
	})
	c, err := keys.Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	if token, err = keys.Refresh(c); err != nil {
		t.Fatal(err)
	}
	if c, err = keys.Verify(token); err != nil || c.Title != "5e B" || !c.Lobby || c.Attributes != nil || c.Foreign {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestLifetimes(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	at := func(d time.Duration) *jwt.NumericDate { return jwt.NewNumericDate(now.Add(d)) }
	for name, c := range map[string]struct {
		claims jwt.RegisteredClaims
		want   time.Duration
	}{
		"from nbf":       {jwt.RegisteredClaims{NotBefore: at(-time.Minute), IssuedAt: at(-time.Hour), ExpiresAt: at(time.Minute)}, 2 * time.Minute},
		"from iat":       {jwt.RegisteredClaims{IssuedAt: at(-time.Minute), ExpiresAt: at(time.Minute)}, 2 * time.Minute},
		"from neither":   {jwt.RegisteredClaims{ExpiresAt: at(time.Minute)}, time.Minute},
		"of a month":     {jwt.RegisteredClaims{NotBefore: at(0), ExpiresAt: at(720 * time.Hour)}, TokenTTL},
		"inside leeway":  {jwt.RegisteredClaims{ExpiresAt: at(-time.Second)}, time.Second},
		"the wrong way":  {jwt.RegisteredClaims{NotBefore: at(time.Hour), ExpiresAt: at(time.Minute)}, time.Second},
		"longest of all": {jwt.RegisteredClaims{NotBefore: at(-6 * time.Hour), ExpiresAt: at(0)}, TokenTTL},
	} {
		if got := lifetimeOf(&c.claims, now); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
