import { randomBytes } from 'node:crypto'

/** What a signed URL lets its bearer do. */
interface Pass {
  readonly agentId: string
  /** With an id the URL holds for one conversation. */
  readonly conversationId: string | null
}

export interface SignedUrls {
  readonly issue: (pass: Pass) => string
  /** Undefined: never issued, over, or used up. */
  readonly redeem: (signature: string) => Pass | undefined
}

/** The oldest go first. */
const MAX_OPEN = 10_000

export function createSignedUrls(validityMs: number): SignedUrls {
  const open = new Map<string, { readonly pass: Pass; readonly validUntil: number }>()
  return {
    issue: (pass) => {
      const signature = `cvtkn_${randomBytes(24).toString('hex')}`
      const [oldest] = open.size < MAX_OPEN ? [] : open.keys()
      if (oldest !== undefined) open.delete(oldest)
      open.set(signature, { pass, validUntil: performance.now() + validityMs })
      return signature
    },
    redeem: (signature) => {
      const found = open.get(signature)
      const isValid = found !== undefined && performance.now() < found.validUntil
      if (!isValid || found.pass.conversationId !== null) open.delete(signature)
      return isValid ? found.pass : undefined
    },
  }
}
