// Numbers and charts are written compressed into the page; this reads them. Browsers since 2023 can.
async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}
const PACKED = { data: await unpacked("data"), charts: await unpacked("charts") };
