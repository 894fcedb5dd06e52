import { describe, expect, it } from 'vitest'
import { deviceKey } from './device'
import { mayReload } from './reload'
import { recallDoor, rememberDoor } from './doors'
import { recall, remember } from './remembered'
import { classPath, codePath, invitePath, parseCode, parseRoute, showCode } from './routes'
import { readJSON, writeJSON, type Store } from './storage'
import {
  dropTicket,
  findTicket,
  keepTicket,
  payload,
  ticketByPass,
  ticketOf,
  ticketOfToken,
} from './ticket'

function memory(): () => Store {
  const kept = new Map<string, string>()
  const store: Store = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  }
  return () => store
}

const forbidden = (): Store => {
  throw new Error('SecurityError')
}

const at = (path: string) => {
  const { pathname, hash } = new URL(`https://school.example${path}`)
  return parseRoute({ pathname, hash })
}

describe('routes', () => {
  it.each([
    ['/', { screen: 'landing' }],
    ['//', { screen: 'landing' }],
    ['/c/abcd-1o3l', { screen: 'code', code: 'ABCD1031' }],
    ['/c/ABCD1234/', { screen: 'code', code: 'ABCD1234' }],
    ['/c/short', { screen: 'unknown' }],
    ['/join#i=a.b.c', { screen: 'invite', invite: 'a.b.c' }],
    ['/join#t=a.b.c', { screen: 'token', token: 'a.b.c' }],
    ['/join', { screen: 'unknown' }],
    ['/k/5e%20B', { screen: 'class', key: '5e B' }],
    ['/k/%E0%A4%A', { screen: 'class', key: '%E0%A4%A' }],
    ['/k/a/b', { screen: 'unknown' }],
    ['/elsewhere', { screen: 'unknown' }],
  ])('%s', (path, route) => {
    expect(at(path)).toEqual(route)
  })

  it('lead back to what they were made of', () => {
    expect(at(codePath('ABCD1234'))).toEqual({ screen: 'code', code: 'ABCD1234' })
    expect(at(invitePath('a.b-c_d'))).toEqual({ screen: 'invite', invite: 'a.b-c_d' })
    expect(at(classPath('sciences~1/2'))).toEqual({ screen: 'class', key: 'sciences~1/2' })
  })

  it('read codes as people write them', () => {
    expect(parseCode(' oil0-abcd ')).toBe('0110ABCD')
    expect(parseCode('ABCD123U')).toBeUndefined() // U is not in the alphabet
    expect(showCode('ABCD1234')).toBe('ABCD-1234')
  })
})

const encode = (claims: object) => {
  const bytes = new TextEncoder().encode(JSON.stringify(claims))
  const base64 = btoa(String.fromCharCode(...bytes))
  return `h.${base64.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')}.s`
}

describe('tickets', () => {
  const joined = {
    token: 'T',
    class: 'sciences',
    title: 'Sciences',
    role: 'pupil',
    identity: 'u-1',
    lobby: true,
  } as const

  it('are kept in the tab until dropped', () => {
    const store = memory()
    const ticket = ticketOf(joined)
    expect(ticket).toEqual({
      key: 'sciences',
      token: 'T',
      title: 'Sciences',
      teacher: false,
      lobby: true,
    })
    keepTicket(ticket, store)
    expect(findTicket('sciences', store)).toEqual(ticket)
    expect(findTicket('maths', store)).toBeUndefined()
    dropTicket('sciences', store)
    expect(findTicket('sciences', store)).toBeUndefined()
  })

  it('come out of a full token, too', () => {
    const token = encode({
      sub: 'mehdi',
      name: 'Zoë ✓',
      video: { room: '5e B' },
      attributes: { role: 'teacher' },
    })
    expect(ticketOfToken(token)).toEqual({
      key: '5e B',
      token,
      title: '',
      teacher: true,
      lobby: false,
    })
    expect(payload(token)?.['name']).toBe('Zoë ✓')
  })

  it('need no exchange where the door is known', () => {
    const wanted = { code: 'AAAA', name: 'Zoë ✓', device: 'd'.repeat(32) }
    const { token, ...rest } = ticketByPass(wanted, { class: 'c', title: 'Class', lobby: true })
    expect(rest).toEqual({ key: 'c', title: 'Class', teacher: false, lobby: true })
    expect(token).toMatch(/^pass\.[\w-]+$/)
    expect(payload(token)).toMatchObject(wanted) // as of a JWT
    expect(ticketByPass(wanted, { class: 'c', title: 'Class', lobby: true }).token).not.toBe(token)
  })

  it.each([
    '',
    'x',
    'a.!!!.c',
    encode([1]),
    encode({ video: { room: 'r' } }),
    encode({ sub: 's' }),
  ])('come out of no nonsense: %j', (token) => {
    expect(ticketOfToken(token)).toBeUndefined()
  })
})

describe('doors seen before', () => {
  it('are the newest eight, as they were last', () => {
    const store = memory()
    for (let n = 1; n <= 9; n++) {
      rememberDoor(`code${n}`, { class: `c${n}`, title: `Class ${n}`, lobby: n === 2 }, store)
    }
    rememberDoor('code9', { class: 'c9', title: 'Another name', lobby: false }, store)
    expect(recallDoor('code9', store)).toEqual({
      class: 'c9',
      title: 'Another name',
      lobby: false,
    })
    expect(recallDoor('code2', store)).toEqual({ class: 'c2', title: 'Class 2', lobby: true })
    expect(recallDoor('code1', store)).toBeUndefined()
  })

  it('are forgotten when there is no such class any more', () => {
    const store = memory()
    rememberDoor('code', { class: 'c', title: 'Class', lobby: false }, store)
    rememberDoor('code', undefined, store)
    expect(recallDoor('code', store)).toBeUndefined()
  })

  it('may be anything that is read back', () => {
    for (const kept of ['{', '7', '[null,{"title":1},{"code":"b","title":2}]']) {
      const store = memory()
      store().setItem('preau.doors', kept)
      expect(recallDoor('b', store)).toBeUndefined()
    }
  })
})

describe('what is remembered', () => {
  it('is nothing at first', () => {
    expect(recall(memory())).toMatchObject({
      name: '',
      keepName: false,
      microphone: true,
      camera: false,
    })
  })

  it('is the name only if the person says so', () => {
    const store = memory()
    remember({ name: 'Amina', videoinput: 'cam' }, store)
    expect(recall(store)).toMatchObject({ name: '', videoinput: 'cam' })
    remember({ name: 'Amina', keepName: true }, store)
    expect(recall(store).name).toBe('Amina')
    remember({ keepName: false }, store)
    expect(JSON.stringify(readJSON(store, 'preau.remembered'))).not.toContain('Amina')
  })

  it('survives stores that refuse, and nonsense in them', () => {
    expect(recall(forbidden).name).toBe('')
    expect(writeJSON(forbidden, 'x', 1)).toBe(false)
    const store = memory()
    store().setItem('preau.remembered', '{')
    expect(recall(store).keepName).toBe(false)
  })
})

it('the device key lasts as long as what the browser keeps, and is another in each class', () => {
  const store = memory()
  const key = deviceKey('maths', store)
  expect(key).toMatch(/^[0-9a-f]{32}$/)
  expect(deviceKey('french', store)).not.toBe(key)
  expect(deviceKey('maths', store)).toBe(key)
  expect(deviceKey('maths', memory())).not.toBe(key)
  for (let i = 0; i < 100; i++) deviceKey(`class ${i.toString()}`, store)
  expect(store().getItem('preau.devices')?.length).toBeLessThan(8_000)
})

it('the page never reloads in a circle', () => {
  const store = memory()
  expect(mayReload(0, store)).toBe(true)
  expect(mayReload(30_000, store)).toBe(false)
  expect(mayReload(61_000, store)).toBe(true)
  expect(mayReload(0, forbidden)).toBe(false)
})
