package signaling

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
)

const device = "0123456789abcdef"

func (s *school) post(path string, body any) (int, map[string]any) {
	s.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.Fatal(err)
	}
	status, answer, _ := s.ask("POST", path, string(text))
	return status, answer
}

func TestOpenAClassAndJoinItByItsCode(t *testing.T) {
	s := newTestSchool(t)
	status, opened := s.post("/api/classes", openRequest{Title: "5e B · Sciences élémentaires", Lobby: true})
	name, _ := opened["class"].(string)
	if status != http.StatusCreated || !strings.HasPrefix(name, "5e-b-sciences-elementair") {
		t.Fatalf("%d %v", status, opened)
	}
	status, teacher := s.post("/api/join", joinRequest{Invite: opened["invite"].(string), Name: "Mme Roux", Device: device})
	if status != http.StatusOK || teacher["role"] != "teacher" || teacher["lobby"] != false || teacher["class"] != name {
		t.Fatalf("%d %v", status, teacher)
	}
	code := s.enter(teacher["token"].(string)).snapshot().GetCode()

	status, found, _ := s.ask("GET", "/api/codes/"+strings.ToLower(code[:4]+"-"+code[4:]), "")
	if status != http.StatusOK || found["title"] != "5e B · Sciences élémentaires" || found["lobby"] != true || found["class"] != name {
		t.Errorf("the code says %d %v", status, found)
	}
	join := joinRequest{Code: code, Name: "  Amina ", Device: "another-device-0001"}
	status, pupil := s.post("/api/join", join)
	if status != http.StatusOK || pupil["role"] != "pupil" || pupil["lobby"] != true {
		t.Fatalf("%d %v", status, pupil)
	}
	_, again := s.post("/api/join", join)
	if pupil["identity"] != again["identity"] || pupil["identity"] == teacher["identity"] {
		t.Errorf("identities %v, %v, %v", pupil["identity"], again["identity"], teacher["identity"])
	}
	c, err := testKeys.Verify(pupil["token"].(string))
	if err != nil || c.Name != "Amina" || c.Room != name {
		t.Errorf("%+v %v", c, err)
	}
	status, answer := s.post("/api/classes", openRequest{Title: " "})
	if status != http.StatusBadRequest || errorCode(answer) != "invalid" {
		t.Errorf("without a title: %d %v", status, answer)
	}
}

func TestJoinsThatAreRefused(t *testing.T) {
	s := newTestSchool(t, func(o *Options) { o.OpenClasses = false })
	code := s.open("", "5b", false).Code()
	notOpen, _ := testKeys.SignInvite("school", access.Invite{Class: "6a", Role: asPupil})
	for name, c := range map[string]struct {
		path string
		body string
		want int
		code string
	}{
		"a name of 10 kB":      {"/api/join", `{"code":"` + code + `","device":"` + device + `","name":"` + strings.Repeat("a", 10_000) + `"}`, 400, "invalid"},
		"a name turned around": {"/api/join", `{"code":"` + code + `","device":"` + device + `","name":"ann\u202etxt"}`, 400, "invalid"},
		"a name with a NUL":    {"/api/join", `{"code":"` + code + `","device":"` + device + `","name":"ann\u0000"}`, 400, "invalid"},
		"no name":              {"/api/join", `{"code":"` + code + `","device":"` + device + `","name":" "}`, 400, "invalid"},
		"no device":            {"/api/join", `{"code":"` + code + `","name":"Ann"}`, 400, "invalid"},
		"neither":              {"/api/join", `{"name":"Ann","device":"` + device + `"}`, 400, "invalid"},
		"a wrong code":         {"/api/join", `{"code":"00000000","name":"Ann","device":"` + device + `"}`, 404, "not_found"},
		"garbage as invite":    {"/api/join", `{"invite":"x.y.z","name":"Ann","device":"` + device + `"}`, 401, "token_invalid"},
		"a token as invite":    {"/api/join", `{"invite":"` + s.token("5b", "x", asTeacher) + `","name":"Ann","device":"` + device + `"}`, 403, "not_granted"},
		"not open yet":         {"/api/join", `{"invite":"` + notOpen + `","name":"Ann","device":"` + device + `"}`, 404, "not_open"},
		"no JSON":              {"/api/join", `<xml/>`, 400, "invalid"},
		"more behind it":       {"/api/join", `{}{}`, 400, "invalid"},
		"1 MB":                 {"/api/join", `{"name":"` + strings.Repeat("a", 1<<20) + `"}`, 413, "too_large"},
		"opening is off":       {"/api/classes", `{"title":"x"}`, 403, "not_allowed"},
		"nothing there":        {"/api/nothing", `{}`, 404, "not_found"},
	} {
		status, answer, header := s.ask("POST", c.path, c.body)
		if status != c.want || errorCode(answer) != c.code {
			t.Errorf("%s: %d %v, want %d %s", name, status, answer, c.want, c.code)
		}
		if header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: other sites may ask", name)
		}
	}
	resp, err := http.Post(s.url+"/api/join", "text/plain", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a form of another site: %d", resp.StatusCode)
	}
}

func FuzzAPIJoin(f *testing.F) {
	s := newTestSchool(f, func(o *Options) { o.Limits.JoinBurst = 1 << 30 })
	s.open("", "5b", false)
	f.Add(`{"code":"00000000","name":"Ann","device":"0123456789abcdef"}`)
	f.Add(`{"invite":"a.b.c","name":"Ann","device":"0123456789abcdef"}`)
	f.Add(`{"name":"\u202e"}`)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/api/join", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code == http.StatusInternalServerError || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		w = httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/class/validate?access_token="+pass(body), nil))
		if w.Code == http.StatusInternalServerError || !json.Valid(w.Body.Bytes()) {
			t.Errorf("as a pass: %d %s", w.Code, w.Body)
		}
	})
}

// FuzzAPIOpen: a body opens a class that has a clean title and its teacher's invite, or is refused
// with the reason.
func FuzzAPIOpen(f *testing.F) {
	s := newTestSchool(f, func(o *Options) { o.Limits.OpensPerMinute = 1 << 30 })
	for _, body := range []string{
		`{"title":"5e B","lobby":true}`, `{"title":"  Œuvre — 數學 ٣ "}`, `{"title":"a\u202eb\u0000"}`, `{"title":"\ud800"}`,
		`{"title":"` + strings.Repeat("é", 300) + `"}`, `{"TITLE":1,"lobby":"yes"}`, `{"title":"x"} {}`, `[[`, `null`, ``,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/api/classes", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		var told struct {
			openAnswer
			refusal
		}
		if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil {
			t.Fatalf("%d %s: %v", w.Code, w.Body, err)
		}
		switch w.Code {
		case http.StatusCreated:
			s.opened(t, told.openAnswer)
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
			if told.Error.Code == "" || told.Error.Message == "" {
				t.Errorf("%d without a reason: %s", w.Code, w.Body)
			}
		default:
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// opened checks what was answered about a class, and ends it.
func (s *school) opened(t *testing.T, a openAnswer) {
	t.Helper()
	if title, err := class.CleanTitle(a.Title); err != nil || title != a.Title || title == "" {
		t.Errorf("the title is %q, %v", a.Title, err)
	}
	if strings.Trim(a.Class, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(a.Class) > maxSlug+8 {
		t.Errorf("the name is %q", a.Class)
	}
	claims, err := testKeys.Verify(a.Invite)
	if err != nil {
		t.Fatal(err)
	}
	if invite, err := claims.Invite(); err != nil || invite.Class != a.Class || invite.Role != classpb.Role_ROLE_TEACHER {
		t.Errorf("the invite is %v, %v", invite, err)
	}
	in, ok := s.options.School.Get(claims.Tenant, a.Class)
	if !ok {
		t.Fatalf("%s is not open", a.Class)
	}
	if _, err := in.Do(t.Context(), class.Node(), &classpb.Command{Body: &classpb.Command_End{End: &classpb.EndClass{}}}); err != nil {
		t.Error(err)
	}
}

func FuzzClassFrame(f *testing.F) {
	s := newTestSchool(f)
	r := s.open("", "5b", false)
	claims, err := testKeys.Verify(s.token("5b", "amina", classpb.Role_ROLE_PUPIL))
	if err != nil {
		f.Fatal(err)
	}
	participant, err := join(s.patient(), r, claims, false)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add([]byte{0x12, 0x02, 0x08, 0x2a})
	f.Add([]byte{0x0a, 0x05, 0x0a, 0x01, 0x78, 0xea, 0x01, 0x00})
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &classSocket{server: s.Server, log: s.log, room: r, participant: participant, out: newOutbox(func(int) {}, func() {})}
		frame, err := decodeFrame(data)
		if err != nil {
			return
		}
		c.handle(t.Context(), frame, true)
		items, _, _ := c.out.take()
		if frame.GetCommand() != nil && len(items) != 1 {
			t.Errorf("a command has %d answers", len(items))
		}
	})
}
