// The plot of docs/performance.md: CPU per request, Willcall beside peers, with the floors as lines.

const GROUPS = [
  { title: 'client_credentials', floor: 'floor/js', bars: ['willcall/client_credentials', 'openauth-kept/client_credentials', 'oidc-provider/client_credentials'] },
  { title: 'API check', floor: 'floor/js', bars: ['willcall/bearer', 'workers-oauth-provider/bearer'] },
  { title: 'introspection', floor: 'floor/object', bars: ['willcall/introspection', 'oidc-provider/introspection'] },
  {
    title: 'refresh', floor: 'floor/object',
    bars: ['null-kv/refresh', 'willcall/refresh', 'workers-oauth-provider/refresh', 'openauth-kept/refresh', 'oidc-provider/refresh'],
  },
  { title: 'code exchange with PKCE', floor: 'floor/object', bars: ['null-kv/exchange', 'willcall/exchange', 'workers-oauth-provider/exchange'] },
  { title: 'authorization page, signed in', floor: 'floor/object', bars: ['willcall/page'] },
];

const NAMES = {
  willcall: 'Willcall', 'null-kv': 'Willcall, KV writes dropped', 'workers-oauth-provider': 'workers-oauth-provider',
  'openauth-kept': 'openauth', 'oidc-provider': 'oidc-provider (Node)',
};

const WIDTH = 860;
const LEFT = 190;
const RIGHT = 60;
const BAR = 18;
const TOP = 44;

/** A step of 1, 2 or 5 times a power of ten that divides the axis into a few. */
function stepFor(most) {
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}

const name = (id) => NAMES[id.split('/')[0]];

const words = (x, y, className, text) => `<text x="${x}" y="${y}" class="${className}">${text}</text>`;

/** The picture, for light and dark pages alike. */
export function plot(rows) {
  const cpu = (id) => rows.find((row) => row.id === id).cpu;
  const most = Math.max(...GROUPS.flatMap(({ bars }) => bars.map(cpu)));
  const step = stepFor(most);
  const end = Math.ceil(most / step) * step;
  const x = (value) => LEFT + (value / end) * (WIDTH - LEFT - RIGHT);
  const parts = [];
  let y = TOP;
  for (const { title, floor, bars } of GROUPS) {
    parts.push(words(8, y + 12, 'title', title));
    y += 20;
    const top = y;
    for (const id of bars) {
      const own = id.startsWith('willcall') || id.startsWith('null-kv');
      parts.push(
        words(LEFT - 8, y + BAR - 6, 'name', name(id)),
        `<rect x="${LEFT}" y="${y + 2}" width="${(x(cpu(id)) - LEFT).toFixed(1)}" height="${BAR - 5}" class="${own ? 'own' : 'peer'}"/>`,
        words((x(cpu(id)) + 5).toFixed(1), y + BAR - 6, 'value', cpu(id).toFixed(0)),
      );
      y += BAR;
    }
    parts.push(`<line x1="${x(cpu(floor)).toFixed(1)}" x2="${x(cpu(floor)).toFixed(1)}" y1="${top - 1}" y2="${y}" class="floor"/>`);
    y += 12;
  }
  const axis = [];
  for (let value = 0; value <= end; value += step) {
    axis.push(
      `<line x1="${x(value).toFixed(1)}" x2="${x(value).toFixed(1)}" y1="${TOP}" y2="${y}" class="grid"/>`,
      words(x(value).toFixed(1), y + 16, 'tick', String(value)),
    );
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 28}" role="img" aria-label="CPU time per request of Willcall and peers">
<style>
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; } .name { text-anchor: end; } .tick { text-anchor: middle; } .head { font-size: 13px; }
  .background { fill: #ffffff; } .own { fill: #1a7f5a; } .peer { fill: #8c959f; } .grid { stroke: #d8dee4; }
  .floor { stroke: #bc4c00; stroke-width: 2; stroke-dasharray: 4 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .background { fill: #0d1117; } .own { fill: #3fb985; } .peer { fill: #6e7681; } .grid { stroke: #30363d; } .floor { stroke: #f0883e; }
  }
</style>
<rect width="100%" height="100%" class="background"/>
${words(8, 18, 'head', 'CPU µs per request. Dashed: the least a JS worker takes, a constant answer or (from introspection on) one object read-and-write.')}
${[...axis, ...parts].join('\n')}
</svg>
`;
}
