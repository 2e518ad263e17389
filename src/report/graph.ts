/** The stages as a graph from left to right. */
import dagre from '@dagrejs/dagre';
import { formatSeconds } from '../core/format.ts';
import { formatLength } from '../figures/svg.ts';
import { textWidth, truncateText } from '../figures/type.ts';
import { html, type Html } from './html.ts';
import type { ReportStage, StageState } from './report.ts';
import { STATES } from './states.ts';

const NAME = { size: 14, weight: 600, line: 20 } as const;
const DETAIL = { size: 12, weight: 400, line: 16 } as const;
const NODE_HEIGHT = 54;
/** Distance from the node's left edge to its text: room for the mark of its state. */
const TEXT_LEFT = 38;
const TEXT_RIGHT = 14;
const WIDEST_TEXT = 170;
/** Extra room: the browser's font may be wider than the font with which texts are measured. */
const SLACK = 1.14;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** The used part of dagre's graph: TypeScript's Node rules cannot resolve dagre's own types. */
interface LayoutGraph {
  setGraph(label: Readonly<Record<string, string | number>>): void;
  setDefaultEdgeLabel(label: () => object): void;
  setNode(name: string, label: { readonly width: number; readonly height: number }): void;
  setEdge(from: string, to: string): void;
  graph(): { readonly width: number; readonly height: number };
  node(name: string): Point;
  edges(): readonly { readonly v: string; readonly w: string }[];
  edge(edge: { readonly v: string; readonly w: string }): { readonly points: readonly Point[] };
}

interface Node {
  readonly stage: ReportStage;
  readonly name: string;
  readonly detail: string;
  readonly width: number;
}

/** An SVG element whose nodes link to the sections of their stages. */
export function renderGraph(stages: readonly ReportStage[]): Html {
  const graph: LayoutGraph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 18, ranksep: 46, marginx: 4, marginy: 4 });
  graph.setDefaultEdgeLabel(() => ({}));
  const nodes = new Map(stages.map((stage) => [stage.name, describe(stage)]));
  for (const [name, { width }] of nodes) graph.setNode(name, { width, height: NODE_HEIGHT });
  for (const { name, inputs } of stages) {
    for (const input of new Set(Object.values(inputs))) if (nodes.has(input)) graph.setEdge(input, name);
  }
  dagre.layout(graph);
  const { width, height } = graph.graph();
  const edges = graph.edges().map((edge) => {
    const { points } = graph.edge(edge);
    return html`<path class="edge" d="${curve(points)}" marker-end="url(#arrow)" />`;
  });
  return html`<svg
    class="graph"
    width="${Math.ceil(width)}"
    height="${Math.ceil(height)}"
    viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}"
    role="group"
    aria-label="Graph of the stages"
  >
    <defs>
      <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
        <path class="arrow" d="M0 0.5L7.5 4L0 7.5z" />
      </marker>
    </defs>
    <g aria-hidden="true">${edges}</g>
    ${[...nodes.values()].map((node) => drawNode(node, graph.node(node.stage.name)))}
  </svg>`;
}

function describe(stage: ReportStage): Node {
  const name = truncateText(stage.name, NAME, WIDEST_TEXT);
  const time = stage.seconds === undefined ? STATES[stage.state].label : formatSeconds(stage.seconds);
  const detail = truncateText(`${stage.type} · ${time}`, DETAIL, WIDEST_TEXT);
  const text = Math.max(textWidth(name, NAME), textWidth(detail, DETAIL)) * SLACK;
  return { stage, name, detail, width: Math.ceil(TEXT_LEFT + text + TEXT_RIGHT) };
}

function drawNode({ stage, name, detail, width }: Node, { x, y }: Point): Html {
  const left = Math.round(x - width / 2);
  const top = Math.round(y - NODE_HEIGHT / 2);
  const { mark } = STATES[stage.state];
  return html`<a href="#stage-${stage.name}" class="node ${stage.state}">
    <rect x="${left + 0.5}" y="${top + 0.5}" width="${width - 1}" height="${NODE_HEIGHT - 1}" rx="8" />
    <g class="mark" transform="translate(${left + 20} ${top + 20})" aria-hidden="true"
      ><circle r="8" />${drawMark(mark)}</g
    >
    <text x="${left + TEXT_LEFT}" y="${top + 25}" class="name">${name}</text>
    <text x="${left + TEXT_LEFT}" y="${top + 43}" class="detail">${detail}</text>
  </a> `;
}

/** Shapes in a circle of radius 8: states can be distinguished without colours. */
const MARKS: Readonly<Record<(typeof STATES)[StageState]['mark'], string>> = {
  check: 'M-3.5 0.3L-1 2.8L3.8 -2.6',
  cross: 'M-3 -3L3 3M3 -3L-3 3',
  dash: 'M-3.5 0H3.5',
  dots: 'M-3.6 0h0.01M0 0h0.01M3.6 0h0.01',
  play: 'M-1.6 -3L2.8 0L-1.6 3z',
  pause: 'M-1.8 -2.8V2.8M1.8 -2.8V2.8',
  clock: 'M0 -4V0.4L2.8 2.2',
};

export function drawMark(mark: keyof typeof MARKS): Html {
  return html`<path d="${MARKS[mark]}" />`;
}

/** A smooth line through points: corners are rounded between the midpoints of the segments. */
function curve(points: readonly Point[]): string {
  const at = (point: Point): string => `${formatLength(point.x)} ${formatLength(point.y)}`;
  const [first, ...rest] = points;
  const last = rest.pop();
  if (first === undefined || last === undefined) return '';
  const bends = rest.map((point, index) => {
    const next = rest[index + 1] ?? last;
    const end = index === rest.length - 1 ? last : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    return `Q${at(point)} ${at(end)}`;
  });
  return `M${at(first)}${bends.length === 0 ? `L${at(last)}` : bends.join('')}`;
}
