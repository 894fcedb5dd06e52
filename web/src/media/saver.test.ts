import { describe, expect, it } from 'vitest'
import type { LinkQuality } from './others'
import {
  atFirst,
  decline,
  deviceSaves,
  reasonOf,
  step,
  type SaverState,
  type Sensed,
} from './saver'

// A drawing is a link, a letter a second: g good, w weak, s weak with pictures held
// back, l lost, ? unknown. The answer: - pictures, x none.
const links: Readonly<Record<string, LinkQuality>> = {
  g: 'good',
  w: 'weak',
  s: 'weak',
  l: 'lost',
  '?': 'unknown',
}

function sensed(letter: string): Sensed {
  return { wish: false, device: false, link: links[letter] ?? 'unknown', starved: letter === 's' }
}

function follow(drawing: string, from: SaverState = atFirst, start = 0): [string, SaverState] {
  let state = from
  let answer = ''
  for (const [second, letter] of drawing.split('').entries()) {
    state = step(state, sensed(letter), start + second * 1_000)
    answer += reasonOf(state, sensed(letter)) === undefined ? '-' : 'x'
  }
  return [answer, state]
}

describe('pictures are left out by themselves', () => {
  it.each([
    ['a good link keeps them', 'gggggggggggg', '------------'],
    ['a weak one too, as long as pictures come', 'wwwwwwwwwwww', '------------'],
    ['held back for eight seconds', 'ggssssssssssss', '----------xxxx'],
    ['lost for eight seconds', 'llllllllll', '--------xx'],
    ['a short trouble is none', 'sssssssgssssssss', '----------------'],
    ['back after eight good seconds', 'sssssssssgggggggggg', '--------xxxxxxxxx--'],
    [
      'good seconds with a weak one between do not count',
      'sssssssssgggggwggggg',
      '--------xxxxxxxxxxxx',
    ],
  ])('%s', (_, link, pictures) => expect(follow(link)[0]).toBe(pictures))

  it('a link that deceived is tried later', () => {
    const [, opened] = follow('sssssssssggggggggg')
    const [again, saving] = follow('sssssssss', opened, 20_000)
    expect(again).toBe('--------x')
    expect(saving.patience).toBe(32_000)
    expect(follow('g'.repeat(34), saving, 30_000)[0]).toBe('x'.repeat(32) + '--')
  })

  it('one that was good for long begins anew', () => {
    const [, opened] = follow('sssssssssggggggggg')
    const [, saving] = follow('sssssssss', { ...opened, patience: 128_000 }, 200_000)
    expect(saving.patience).toBe(8_000)
  })
})

describe('the person', () => {
  it('sees pictures again when they ask, and is not overruled', () => {
    const [, saving] = follow('sssssssss')
    expect(follow('ssssssssssssssssssss', decline(saving), 9_000)[0]).toBe('-'.repeat(20))
    expect(reasonOf(decline(saving), { ...sensed('s'), device: true })).toBeUndefined()
  })

  it('has the first word', () =>
    expect(reasonOf(decline(atFirst), { ...sensed('g'), wish: true })).toBe('wish'))
})

it.each([
  [{}, false],
  [{ connection: {} }, false],
  [{ connection: { effectiveType: '3g' } }, false],
  [{ connection: { effectiveType: '2g' } }, true],
  [{ connection: { effectiveType: '4g', saveData: true } }, true],
])('a device with %j saves: %s', (device, saves) => expect(deviceSaves(device)).toBe(saves))
