import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { insecureHost, type Person, TestBrowser } from './browser.ts'
import { look, named, settings, type View, views } from './look.ts'
import {
  askForClass,
  comeIn,
  control,
  enter,
  invitationCode,
  openClass,
  panel,
  turnOn,
} from './people.ts'
import { Server } from './server.ts'
import { foreignWords, message } from './words.ts'

// The main path on the real program, in both languages and at both sizes. What
// else there is to see, stories.e2e.ts looks at.

let server: Server
let browser: TestBrowser

beforeAll(async () => {
  server = await Server.start()
  browser = await TestBrowser.launch()
})

afterEach(async () => {
  expect(browser.failures()).toEqual([])
  await browser.closePeople()
})

afterAll(async () => {
  await browser.close()
  await server.stop()
})

describe.each(views.map((view): [string, View] => [named(view), view]))('in %s', (_, view) => {
  it('a wrong code', async () => {
    const person = await browser.person(settings(view))
    await person.page.goto(server.url)
    await person.get('landing-title').waitFor()
    await look(person, 'landing', view)
    await person.get('landing-code').fill('0000-0000')
    await person.get('landing-join').click()
    await expect.poll(() => person.get('landing-code').getAttribute('aria-invalid')).toBe('true')
    await look(person, 'wrong-code', view)
  })

  it('a class from its opening to its end', async () => {
    const teacher = await browser.person(settings(view))
    await askForClass(teacher, server, 'Musique', true)
    await look(teacher, 'prejoin-teacher', view)
    await enter(teacher, 'Mme Leroy')
    await teacher.get('stage').waitFor()
    await look(teacher, 'class-alone', view)
    const code = await invitationCode(teacher)
    await control(teacher, 'invite-open')
    await look(teacher, 'invite', view)
    await teacher.page.keyboard.press('Escape')

    const pupil = await browser.person(settings(view))
    await pupil.page.goto(`${server.url}/c/${code}`)
    await pupil.get('prejoin-name').waitFor()
    await look(pupil, 'prejoin', view)
    await enter(pupil, 'Zoé')
    await pupil.get('waiting-screen').waitFor()
    await look(pupil, 'waiting', view)
    await panel(teacher, 'people')
    await teacher.get('lobby-item').waitFor()
    await look(teacher, 'class-lobby', view)
    await teacher.get('lobby-admit-all').click()
    await pupil.get('stage').waitFor()
    if (view.phone) await teacher.get('panel-close').click()

    await turnOn(teacher, 'bar-mic')
    await look(teacher, 'class-teacher', view)
    await look(pupil, 'class-pupil', view)
    await control(pupil, 'bar-leave')
    await pupil.get('left-screen').waitFor()
    await look(pupil, 'left', view)
    await end(teacher, view)
    await teacher.get('ended-screen').waitFor()
    await look(teacher, 'ended', view)
  })
})

async function end(teacher: Person, view: View): Promise<void> {
  await teacher.get(view.phone ? 'bar-more' : 'teacher-menu').click()
  await teacher.get('end-for-all').click()
  await teacher.get('end-confirm').click()
}

/** Each way in which microphone and camera can fail, and what the browser does then. */
const failures: Record<string, (person: Person) => Promise<void>> = {
  denied: () => Promise.resolve(), // truly: in a browser whose people say no
  missing: (person) => failsWith(person, 'NotFoundError', 'Requested device not found'),
  busy: (person) => failsWith(person, 'NotReadableError', 'Could not start audio source'),
  insecure: () => Promise.resolve(), // truly: see insecureHost
}

/** No second program and no missing device can be had in a test: the browser's answer is made up. */
async function failsWith(person: Person, name: string, text: string): Promise<void> {
  await person.page.addInitScript(
    ([what, why]) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException(why, what))
    },
    [name, text],
  )
}

describe('when microphone and camera cannot be had', () => {
  const phoneInFrench: View = { language: 'fr', phone: true }
  const deskInEnglish: View = { language: 'en', phone: false }
  let denying: TestBrowser

  beforeAll(async () => {
    denying = await TestBrowser.launch({ denies: true })
  })

  afterEach(async () => {
    expect(denying.failures()).toEqual([])
    await denying.closePeople()
  })

  afterAll(() => denying.close())

  it.each(
    Object.keys(failures).flatMap((kind): [string, string, View][] => [
      [kind, named(phoneInFrench), phoneInFrench],
      [kind, named(deskInEnglish), deskInEnglish],
    ]),
  )('%s, in %s', async (kind, _, view) => {
    const { code } = await openClass(browser, server, 'Histoire')
    const pupil = await (kind === 'denied' ? denying : browser).person(settings(view))
    await failures[kind]?.(pupil)
    const { port } = new URL(server.url)
    const origin = kind === 'insecure' ? `http://${insecureHost}:${port}` : server.url
    await pupil.page.goto(`${origin}/c/${code}`)
    await pupil.get('prejoin-name').waitFor()
    // Where the browser would not ask, the page has tried by itself.
    if (!(await pupil.get('prejoin-problem').isVisible())) await pupil.get('prejoin-mic').click()
    await pupil.get('prejoin-problem').waitFor()
    expect(await pupil.get('prejoin-problem').getAttribute('data-kind')).toBe(kind)
    const sentence = kind === 'insecure' ? 'problem_insecure' : `problem_${kind}_pupil`
    expect(await pupil.get('prejoin-problem').textContent()).toContain(
      message(view.language, sentence),
    )
    await look(pupil, `prejoin-${kind}`, view)

    // The way out: one enters all the same, and hears.
    await pupil.get('prejoin-hear-only').click()
    await expect.poll(() => pupil.get('prejoin-problem').count()).toBe(0)
    await enter(pupil, 'Sans micro')
    await pupil.get('stage').waitFor()
  })

  it('a teacher is told politely', async () => {
    const teacher = await denying.person()
    await askForClass(teacher, server, 'Histoire')
    await teacher.get('prejoin-mic').click()
    await teacher.get('prejoin-problem').waitFor()
    expect(await teacher.get('prejoin-problem').textContent()).toContain(
      message('fr', 'problem_denied_teacher'),
    )
  })
})

describe('the language', () => {
  it('is switched at once, everywhere, and kept', async () => {
    const { code } = await openClass(browser, server, 'Dessin')
    const person = await browser.person()
    await person.page.goto(server.url)
    await says(person, 'fr', 'app_tagline')
    await person.get('lang-switch').selectOption('en')
    await says(person, 'en', 'app_tagline')
    await person.page.reload()
    await says(person, 'en', 'app_tagline')
    await person.page.goto(`${server.url}/c/${code}`)
    await person.get('prejoin-name').waitFor()
    expect(await foreignWords(person, 'en')).toEqual([])
    await enter(person, 'Zoé')
    await person.get('stage').waitFor()
    expect(await foreignWords(person, 'en')).toEqual([])

    await person.get('class-settings').click()
    await person.get('lang-switch').selectOption('fr')
    await expect.poll(() => foreignWords(person, 'fr')).toEqual([])
    await person.page.keyboard.press('Escape')
    expect(await person.get('bar-leave').textContent()).toContain(message('fr', 'bar_leave'))
  })

  it('of a browser that speaks neither is English', async () => {
    const person = await browser.person({ language: 'pt-PT' })
    await person.page.goto(server.url)
    await says(person, 'en', 'app_tagline')
  })
})

/** The page's heading, its language and every word are of this language. */
async function says(person: Person, language: 'fr' | 'en', heading: string): Promise<void> {
  await expect
    .poll(() => person.page.locator('h1').textContent())
    .toContain(message(language, heading))
  expect(await person.page.locator('html').getAttribute('lang')).toBe(language)
  expect(await foreignWords(person, language)).toEqual([])
}

describe('a person in two classes at once', () => {
  it('is told where the class went', async () => {
    const { code } = await openClass(browser, server, 'Chant')
    const pupil = await comeIn(browser, server, code, 'Zoé', { phone: true })
    await pupil.get('stage').waitFor()
    const tab = await pupil.anotherTab()
    await tab.page.goto(`${server.url}/c/${code}`)
    await enter(tab, 'Zoé')
    await tab.get('stage').waitFor()
    await pupil.get('replaced-screen').waitFor()
    await look(pupil, 'replaced', { language: 'fr', phone: true })
    expect(tab.failures).toEqual([])
  })
})
