package access

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"preau/signaling/classpb"
)

var keys = Keys{
	"school":  {Secret: "a secret of at least thirty-two bytes", Tenant: ""},
	"academy": {Secret: "another secret of thirty-two bytes or so", Tenant: "nord"},
	"archive": {Secret: "a third secret of thirty-two bytes or so", Tenant: "nord"},
}

func mustSign(t testing.TB, key string, token Token) string {
	t.Helper()
	signed, err := keys.Sign(key, token)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func codeOf(err error) Code {
	var coded *Error
	if errors.As(err, &coded) {
		return coded.Code
	}
	return ""
}

func TestTokenSaysWhoWhereAndAsWhat(t *testing.T) {
	token := mustSign(t, "academy", Token{Class: "5b", Identity: "u-1", Name: "Amina", Role: classpb.Role_ROLE_PRESENTER})
	c, err := keys.Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	if c.Tenant != "nord" || c.Key != "academy" || c.Room != "5b" || c.Identity != "u-1" || c.Name != "Amina" {
		t.Errorf("claims are %+v", c)
	}
	if c.Role != classpb.Role_ROLE_PRESENTER || c.Foreign || c.Attributes != nil {
		t.Errorf("role %v, foreign %v, attributes %v", c.Role, c.Foreign, c.Attributes)
	}
	if err := c.MayJoin("5b"); err != nil {
		t.Error(err)
	}
	if got := codeOf(c.MayJoin("6a")); got != CodeWrongClass {
		t.Errorf("another class: %q", got)
	}
}

func TestTokensThatDoNotHold(t *testing.T) {
	good := mustSign(t, "school", Token{Class: "5b", Identity: "u-1", Role: classpb.Role_ROLE_PUPIL})
	hand := func(method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
		text, err := jwt.NewWithClaims(method, claims).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	soon, past := time.Now().Add(time.Hour).Unix(), time.Now().Add(-time.Hour).Unix()
	secret := []byte(keys["school"].Secret)
	parts := strings.Split(good, ".")
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"school","sub":"u-1","exp":99999999999,"video":{"roomAdmin":true}}`))
	for name, c := range map[string]struct {
		token string
		want  Code
	}{
		"none":                {"", CodeNoToken},
		"garbage":             {"garbage", CodeInvalid},
		"10 MB":               {strings.Repeat("x", 10<<20), CodeInvalid},
		"unknown key":         {hand(jwt.SigningMethodHS256, secret, jwt.MapClaims{"iss": "who", "exp": soon}), CodeUnknownKey},
		"no key":              {hand(jwt.SigningMethodHS256, secret, jwt.MapClaims{"exp": soon}), CodeUnknownKey},
		"wrong secret":        {hand(jwt.SigningMethodHS256, []byte("x"), jwt.MapClaims{"iss": "school", "exp": soon}), CodeInvalid},
		"another's key":       {hand(jwt.SigningMethodHS256, []byte(keys["academy"].Secret), jwt.MapClaims{"iss": "school", "exp": soon}), CodeInvalid},
		"expired":             {hand(jwt.SigningMethodHS256, secret, jwt.MapClaims{"iss": "school", "exp": past}), CodeExpired},
		"no expiry":           {hand(jwt.SigningMethodHS256, secret, jwt.MapClaims{"iss": "school"}), CodeInvalid},
		"not yet":             {hand(jwt.SigningMethodHS256, secret, jwt.MapClaims{"iss": "school", "exp": soon, "nbf": soon}), CodeInvalid},
		"alg none":            {hand(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.MapClaims{"iss": "school", "exp": soon}), CodeInvalid},
		"another algorithm":   {hand(jwt.SigningMethodHS512, secret, jwt.MapClaims{"iss": "school", "exp": soon}), CodeInvalid},
		"claims exchanged":    {parts[0] + "." + forged + "." + parts[2], CodeInvalid},
		"signature cut short": {good[:len(good)-4], CodeInvalid},
	} {
		claims, err := keys.Verify(c.token)
		if got := codeOf(err); got != c.want || claims != nil {
			t.Errorf("%s: %q (%v), want %q", name, got, err, c.want)
		}
		if err != nil && len(c.token) > 8 && strings.Contains(err.Error(), c.token) {
			t.Errorf("%s: the error tells the token", name)
		}
	}
}

func TestForeignTokens(t *testing.T) {
	no := false
	for name, c := range map[string]struct {
		video      auth.VideoGrant
		attributes map[string]string
		role       classpb.Role
		denied     string // of microphone, camera, screen, chat
	}{
		"plain":           {role: classpb.Role_ROLE_PUPIL},
		"room admin":      {video: auth.VideoGrant{RoomAdmin: true}, role: classpb.Role_ROLE_TEACHER},
		"hidden":          {video: auth.VideoGrant{Hidden: true}, role: classpb.Role_ROLE_OBSERVER},
		"recorder":        {video: auth.VideoGrant{Hidden: true, Recorder: true}, role: classpb.Role_ROLE_RECORDER},
		"may not publish": {video: auth.VideoGrant{CanPublish: &no}, role: classpb.Role_ROLE_PUPIL, denied: "mic cam screen chat"},
		"camera only":     {video: auth.VideoGrant{CanPublishSources: []string{"camera"}}, role: classpb.Role_ROLE_PUPIL, denied: "mic screen"},
		"no data":         {video: auth.VideoGrant{CanPublishData: &no}, role: classpb.Role_ROLE_PUPIL, denied: "chat"},
		"a role not ours": {attributes: map[string]string{"role": "king"}, role: classpb.Role_ROLE_PUPIL},
	} {
		token, err := auth.NewAccessToken("school", keys["school"].Secret).
			SetIdentity("u").SetAttributes(c.attributes).SetVideoGrant(&c.video).ToJWT()
		if err != nil {
			t.Fatal(err)
		}
		claims, err := keys.Verify(token)
		if err != nil {
			t.Fatal(name, err)
		}
		if claims.Role != c.role || !claims.Foreign {
			t.Errorf("%s: role %v, foreign %v", name, claims.Role, claims.Foreign)
		}
		if got := deniedBy(claims.Permissions); got != c.denied {
			t.Errorf("%s: denied %q, want %q", name, got, c.denied)
		}
	}
}

func deniedBy(p *classpb.Permissions) string {
	var denied []string
	for _, s := range []struct {
		name string
		is   classpb.Switch
	}{{"mic", p.GetMicrophone()}, {"cam", p.GetCamera()}, {"screen", p.GetScreen()}, {"chat", p.GetChat()}} {
		if s.is == classpb.Switch_SWITCH_DENIED {
			denied = append(denied, s.name)
		}
	}
	return strings.Join(denied, " ")
}

func TestRefreshKeepsWhatJoiningNeeds(t *testing.T) {
	token, err := auth.NewAccessToken("school", keys["school"].Secret).
		SetIdentity("u").SetName("Léo").SetMetadata("m").SetKind(livekit.ParticipantInfo_AGENT).
		SetAttributes(map[string]string{"role": "teacher", "seat": "4", "hand": "1"}).
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: "5b", CanPublishSources: []string{"camera"}}).
		SetValidFor(2 * time.Minute).ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	before, err := keys.Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // also the refreshed one's
		if token, err = keys.Refresh(before); err != nil {
			t.Fatal(err)
		}
		after, err := keys.Verify(token)
		if err != nil {
			t.Fatal(err)
		}
		if after.Lineage != before.Lineage || after.Role != classpb.Role_ROLE_TEACHER || after.Name != "Léo" ||
			after.Metadata != "m" || len(after.Attributes) != 1 || after.Attributes["seat"] != "4" ||
			after.Grants.Kind != "agent" || after.Grants.Video.CanPublishSources[0] != "camera" {
			t.Errorf("refreshed claims are %+v", after)
		}
		if left := time.Until(after.Expires); left > 2*time.Minute+time.Second || left < time.Minute || after.Lifetime != 2*time.Minute {
			t.Errorf("holds for %v, lifetime %v", left, after.Lifetime)
		}
		before = after
	}
	other := mustSign(t, "school", Token{Class: "5b", Identity: "u", TTL: time.Hour})
	if c, _ := keys.Verify(other); c.Lineage == before.Lineage {
		t.Error("two tokens signed apart have one lineage")
	}
}

func TestInvites(t *testing.T) {
	text, err := keys.SignInvite("school", Invite{Class: "5b", Role: classpb.Role_ROLE_TEACHER, Title: "5e B", Lobby: true})
	if err != nil {
		t.Fatal(err)
	}
	claims, err := keys.Verify(text)
	if err != nil {
		t.Fatal(err)
	}
	invite, err := claims.Invite()
	if err != nil || invite != (Invite{Class: "5b", Role: classpb.Role_ROLE_TEACHER, Title: "5e B", Lobby: true}) {
		t.Errorf("%+v, %v", invite, err)
	}
	if got := codeOf(claims.MayJoin("")); got != CodeNoGrant {
		t.Errorf("an invite joins as it is: %q", got)
	}
	full, _ := keys.Verify(mustSign(t, "school", Token{Class: "5b", Identity: "u", Role: classpb.Role_ROLE_TEACHER}))
	if _, err := full.Invite(); codeOf(err) != CodeNoGrant {
		t.Errorf("a full token is an invite: %v", err)
	}
}

func TestKeyOfATenant(t *testing.T) {
	if name, ok := keys.For("nord"); name != "academy" || !ok {
		t.Errorf("%q %v", name, ok)
	}
	if _, ok := keys.For("sud"); ok {
		t.Error("a key for a tenant that has none")
	}
	if got := keys.Tenants(); len(got) != 2 || got[0] != "" || got[1] != "nord" {
		t.Errorf("tenants %q", got)
	}
}

func FuzzToken(f *testing.F) {
	f.Add("")
	f.Add("a.b.c")
	f.Add(mustSign(f, "school", Token{Class: "5b", Identity: "u", Role: classpb.Role_ROLE_TEACHER}))
	f.Add("eyJhbGciOiJub25lIn0.eyJpc3MiOiJzY2hvb2wifQ.")
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := keys.Verify(token)
		switch {
		case err != nil && codeOf(err) == "":
			t.Errorf("an error without a code: %v", err)
		case err == nil && (claims.Grants.Video == nil || claims.Permissions == nil || claims.Lineage == ""):
			t.Errorf("incomplete claims: %+v", claims)
		case err == nil:
			_ = claims.MayJoin("x")
			_, _ = claims.Invite()
		}
	})
}
