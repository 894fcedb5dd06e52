import { Source } from '../../gen/class_pb'
import type { Picture, VideoSource } from '../../media/picture'
import { slide } from './slide'

/** drawn is a made-up picture: a slide, or somebody before a wall. */
export function drawn(id: string, source: VideoSource, own: boolean): Picture {
  return {
    key: `${id}-${source}`,
    own,
    source,
    paused: false,
    attach(element) {
      const canvas = document.createElement('canvas')
      canvas.width = source === Source.SCREEN ? 1280 : 640
      canvas.height = source === Source.SCREEN ? 720 : 360
      const pen = canvas.getContext('2d')
      if (pen && source === Source.SCREEN) slide(pen)
      else if (pen) portrait(pen, Number(id.replace(/\D/g, '')))
      const stream = canvas.captureStream(5)
      element.srcObject = stream
      void element.play().catch(() => undefined)
    },
    detach(element) {
      if (element.srcObject instanceof MediaStream) {
        for (const part of element.srcObject.getTracks()) part.stop()
      }
      element.srcObject = null
    },
  }
}

const walls = ['#dfe7e4', '#e9dfd0', '#d9e2ec', '#efe3df', '#e3e6d3', '#e4dcea']
const skins = ['#8d5a3b', '#f0c8a4', '#c68a5f', '#5f3b28', '#e0ac82', '#a86d48']
const hairs = ['#2a1c16', '#6b4226', '#1d1a19', '#9a6a3a', '#3b2a22']
const shirts = ['#1c6655', '#8a4b2a', '#2f4f80', '#7b3f61', '#5a6b2f', '#3a3f52']

const pick = (from: readonly string[], n: number): string => from[n % from.length] ?? ''

/** The nth person, always the same: a wall, shoulders, a head, hair, a quiet smile. */
function portrait(pen: CanvasRenderingContext2D, n: number): void {
  const skin = pick(skins, n)
  const hair = pick(hairs, n * 2 + 1)
  pen.fillStyle = pick(walls, n * 5 + 1)
  pen.fillRect(0, 0, 640, 360)
  pen.fillStyle = 'rgb(0 0 0 / 0.06)' // a shelf, a window: a room rather than a colour
  pen.fillRect(n % 2 ? 430 : 40, 40, 150, 120)
  if (n % 3 !== 1) oval(pen, hair, 320, 190, 102, 126) // long hair falls behind
  oval(pen, pick(shirts, n), 320, 392, 178, 128)
  pen.fillStyle = skin
  pen.fillRect(290, 230, 60, 60)
  oval(pen, skin, 320, 172, 76, 94)
  pen.fillStyle = hair
  pen.beginPath()
  pen.ellipse(320, 150, 86, 92, 0, Math.PI * 1.02, Math.PI * 1.98)
  pen.quadraticCurveTo(320 + (n % 2 ? 40 : -40), 92, 236, 144)
  pen.fill()
  features(pen)
}

function features(pen: CanvasRenderingContext2D): void {
  for (const x of [292, 348]) {
    oval(pen, '#fff', x, 170, 11, 8)
    oval(pen, '#22180f', x, 170, 6, 7)
  }
  pen.strokeStyle = 'rgb(40 20 10 / 0.55)'
  pen.lineWidth = 4
  pen.lineCap = 'round'
  pen.beginPath()
  pen.arc(320, 205, 26, 0.5, Math.PI - 0.5)
  pen.moveTo(320, 180)
  pen.lineTo(316, 200)
  pen.stroke()
}

function oval(
  pen: CanvasRenderingContext2D,
  colour: string,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  pen.fillStyle = colour
  pen.beginPath()
  pen.ellipse(x, y, width, height, 0, 0, 7)
  pen.fill()
}
