import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rawHttp, type RawConnection } from './raw-http.ts'

/** A WebSocket of which a test writes every byte by hand, and which answers nothing by itself. */
export interface RawLine extends RawConnection {
  /** Opcodes: 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong. */
  readonly frame: (opcode: number, payload: string | Buffer, more?: FrameOptions) => void
  /** The code with which the server ends the connection. */
  readonly closeCode: () => Promise<number>
}

interface FrameOptions {
  readonly isLast?: boolean
  /** Of the reserved bits, the first. */
  readonly isReserved?: boolean
  readonly isMasked?: boolean
}

interface UpgradeOptions {
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The bytes of a request for a WebSocket. */
export function upgradeText({ path = '/line/call-1', headers = {} }: UpgradeOptions = {}): string {
  const all = {
    host: 'test',
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

export async function rawLine(port: number, options: UpgradeOptions = {}): Promise<RawLine> {
  const connection = await rawHttp(port)
  const { socket } = connection
  let bytes = Buffer.alloc(0)
  socket.on('data', (more: Buffer) => (bytes = Buffer.concat([bytes, more])))
  socket.write(upgradeText(options))
  await connection.until('\r\n\r\n')
  return {
    ...connection,
    frame: (opcode, payload, more) => socket.write(toFrame(opcode, payload, more)),
    async closeCode() {
      for (;;) {
        const code = closeCodeIn(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4))
        if (code !== null) return code
        await once(socket, 'data')
      }
    },
  }
}

/** Of frames that a server sends: short ones, unmasked. */
function closeCodeIn(frames: Buffer): number | null {
  for (let at = 0; at + 4 <= frames.length; at += 2 + (frames[at + 1] ?? 0)) {
    if (frames[at] === 0x88) return frames.readUInt16BE(at + 2)
  }
  return null
}

/** A frame as a client sends it. */
export function toFrame(
  opcode: number,
  payload: string | Buffer,
  { isLast = true, isReserved = false, isMasked = true }: FrameOptions = {},
): Buffer {
  const bytes = Buffer.from(payload)
  const mask = isMasked ? randomBytes(4) : Buffer.alloc(0)
  const first = (isLast ? 0x80 : 0) | (isReserved ? 0x40 : 0) | opcode
  const masked = bytes.map((byte, index) => byte ^ (mask[index % 4] ?? 0))
  return Buffer.concat([Buffer.from([first]), lengthOf(bytes.length, isMasked), mask, masked])
}

function lengthOf(length: number, isMasked: boolean): Buffer {
  const bit = isMasked ? 0x80 : 0
  if (length < 126) return Buffer.from([bit | length])
  const bytes = Buffer.alloc(length < 65_536 ? 3 : 9)
  bytes[0] = bit | (length < 65_536 ? 126 : 127)
  if (length < 65_536) bytes.writeUInt16BE(length, 1)
  else bytes.writeBigUInt64BE(BigInt(length), 1)
  return bytes
}
