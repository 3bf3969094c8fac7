/**
 * Whether the record of a prediction is kept, by its id alone: every process decides alike, today and tomorrow, and a greater share keeps
 * whatever a smaller one keeps.
 *
 * @param share - in [0, 1]
 * @source G. Fowler, L. C. Noll, K.-P. Vo, FNV-1a; mixed as A. Appleby's MurmurHash3 ends
 */
export function isSampled(id: string, share: number): boolean {
  if (share >= 1) return true;
  let hash = 0x811c_9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x0100_0193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0 < share * 0x1_0000_0000;
}
