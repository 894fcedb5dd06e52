package signaling

import (
	"crypto/rand"
	"net/http"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// maxSlug is how many characters of a title go into a class's name.
const maxSlug = 24

type openRequest struct {
	Title string `json:"title"`
	Lobby bool   `json:"lobby"`
}

type openAnswer struct {
	Class  string `json:"class"`
	Title  string `json:"title"`
	Invite string `json:"invite"` // a teacher's
}

// apiOpen opens a class for whoever asks, where the operator allows it.
func (s *Server) apiOpen(w http.ResponseWriter, r *http.Request) {
	var req openRequest
	opened, err := openAnswer{}, error(nil)
	switch {
	case !s.options.OpenClasses:
		err = &refused{http.StatusForbidden, "not_allowed", "classes are not opened from the page here: ask for a teacher's link"}
	case !s.opens.allow(clientAddr(r, s.options.Proxies)):
		err = &refused{http.StatusTooManyRequests, "rate", "too many classes from this address: wait a moment"}
	default:
		if err = readJSON(w, r, &req); err == nil {
			opened, err = s.open(r, req)
		}
	}
	if err != nil {
		s.turnAway(w, r, err)
		return
	}
	answer(w, http.StatusCreated, opened)
}

func (s *Server) open(r *http.Request, req openRequest) (openAnswer, error) {
	title, err := titleOf(req.Title)
	if err != nil {
		return openAnswer{}, err
	}
	tenant := s.pageTenant()
	key, ok := s.options.Keys.For(tenant)
	if !ok {
		return openAnswer{}, &refused{http.StatusForbidden, "not_allowed", "no key is configured that could sign"}
	}
	name := newClassName(title)
	ctx, cancel := apiContext(r)
	defer cancel()
	command := &classpb.OpenClass{Tenant: tenant, Name: name, Title: title, Lobby: req.Lobby}
	if _, err := s.options.School.Open(ctx, command, class.Node()); err != nil {
		return openAnswer{}, err
	}
	invite, err := s.options.Keys.SignInvite(key, access.Invite{
		Class: name, Role: classpb.Role_ROLE_TEACHER, Title: title, Lobby: req.Lobby,
	})
	return openAnswer{name, title, invite}, err
}

// titleOf is a title as the class will have it.
func titleOf(text string) (string, error) {
	title, err := class.CleanTitle(text)
	if err == nil && title == "" {
		err = &refused{http.StatusBadRequest, "invalid", "a title is wanted"}
	}
	return title, err
}

// pageTenant is whose classes the page opens: the default tenant's, or, where
// that has no key, the first's.
func (s *Server) pageTenant() string {
	if tenants := s.options.Keys.Tenants(); len(tenants) > 0 {
		return tenants[0] // sorted: "" comes first
	}
	return ""
}

// newClassName is a class name that says something and that nobody guesses: the
// title's letters and six random ones.
func newClassName(title string) string {
	random := strings.ToLower(rand.Text()[:6])
	if s := slug(title); s != "" {
		return s + "-" + random
	}
	return "class-" + random
}

// slug keeps a text's Latin letters and digits, without accents.
func slug(text string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(text)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r):
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= maxSlug {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}

type codeAnswer struct {
	Class string `json:"class"`
	Title string `json:"title"`
	Lobby bool   `json:"lobby"`
}

// apiCode tells which class a short code is for. Right codes are not counted: a
// school of a thousand may share one address.
func (s *Server) apiCode(w http.ResponseWriter, r *http.Request) {
	in, err := s.roomByCode(r, r.PathValue("code"))
	if err != nil {
		s.turnAway(w, r, err)
		return
	}
	_, name := in.Key()
	door := in.Door()
	answer(w, http.StatusOK, codeAnswer{name, door.Title, door.Lobby})
}

// roomByCode is the class of a short code. Wrong codes of an address are counted,
// and the right one is good whoever else has guessed there.
func (s *Server) roomByCode(r *http.Request, code string) (*room.Room, error) {
	if len(code) <= 32 {
		if in, ok := s.options.School.ByCode(code); ok {
			return in, nil
		}
	}
	if !s.codes.allow(clientAddr(r, s.options.Proxies)) {
		return nil, &refused{http.StatusTooManyRequests, "rate", "too many wrong codes from this address: wait a moment"}
	}
	return nil, &refused{http.StatusNotFound, "not_found", "no class has this code now"}
}
