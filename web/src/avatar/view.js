// The picture: one canvas, one camera, one light, and a clock that draws no oftener than it must.
import { AmbientLight, DirectionalLight, PerspectiveCamera, Scene, WebGLRenderer } from 'three';
import { drawsInSoftware, lighten } from './lite.js';

const FOV = 22; // degrees
// Of the head's height: the air above it, and how much of the body is seen below.
const ABOVE = 0.09;
const BELOW = 0.80;
const WIDTH = 1.5; // at least this must fit
// Frames that come slower than this, or than a fifth over the wanted rhythm, for so many frames
// make the picture coarser.
const SLOW_MS = 34;
const SLOW_FRAMES = 45;
const RATIO_MIN = 0.6;
const RATIO_MAX = 2;

export class View {
    // Throws where there is no WebGL.
    constructor(canvas, { fps, zoom, detail, onFrame, onLost, onBack }) {
        this.canvas = canvas;
        this.zoom = zoom;
        this.frameMs = 1000 / fps;
        this.onFrame = onFrame;
        // Known before the context is made: smooth edges cost a machine without a card half its frames.
        this.isSoftware = drawsInSoftware();
        this.renderer = new WebGLRenderer({
            canvas, alpha: true, antialias: !this.isSoftware, powerPreference: 'low-power',
        });
        this.renderer.setClearColor(0, 0);
        this.scene = new Scene();
        this.camera = new PerspectiveCamera(FOV, 1, 0.1, 20);
        const light = new DirectionalLight(0xffffff, Math.PI * 0.92);
        light.position.set(0.5, 0.9, 1.2);
        this.scene.add(light, new AmbientLight(0xffffff, Math.PI * 0.08));
        this.keepsRatio = detail > 0; // points a pixel, as the person wants it, however slow
        this.ratio = Math.min(RATIO_MAX, detail || globalThis.devicePixelRatio || 1);
        this.body = null;
        this.isLost = false;
        this.request = 0;
        this.lastMs = 0; // when a frame was drawn
        this.nFrames = 0;
        this.sinceMs = 0; // between frames, smoothed
        this.nSlow = 0;
        this.listeners = new AbortController();
        const { signal } = this.listeners;
        canvas.addEventListener('webglcontextlost', (event) => {
            event.preventDefault();
            this.isLost = true;
            this.#schedule();
            onLost();
        }, { signal });
        canvas.addEventListener('webglcontextrestored', () => {
            this.isLost = false;
            this.#schedule();
            onBack();
        }, { signal });
        document.addEventListener('visibilitychange', () => this.#schedule(), { signal });
        this.sizes = new ResizeObserver(() => this.#fit());
        this.sizes.observe(canvas.parentElement ?? canvas);
        this.#fit();
        this.#schedule();
    }

    setBody(body) {
        this.body?.dispose();
        this.body = body;
        if (this.isSoftware) {
            lighten(body.scene);
        }
        this.scene.add(body.scene);
        this.#fit();
    }

    #fit() {
        const { clientWidth: width, clientHeight: height } = this.canvas;
        if (width === 0 || height === 0) {
            return;
        }
        this.renderer.setPixelRatio(this.ratio);
        this.renderer.setSize(width, height, false);
        this.camera.aspect = width / height;
        if (this.body !== null) {
            const { x, y, z, height: head } = this.body.frame;
            const tall = head * (1 + ABOVE + BELOW) / this.zoom;
            const wide = head * WIDTH / this.camera.aspect / this.zoom;
            const seen = Math.max(tall, wide);
            const distance = seen / 2 / Math.tan(FOV / 2 * Math.PI / 180);
            // The head's top stays where it is when there is more room below.
            const middle = y + head * (1 + ABOVE) - seen / 2 + Math.max(0, seen - tall) * 0.25;
            this.camera.position.set(x, middle + head * 0.06, z + distance);
            this.camera.lookAt(x, middle, z);
        }
        this.camera.updateProjectionMatrix();
        this.lastMs = 0; // at once
    }

    #schedule() {
        const wanted = !this.isLost && document.visibilityState === 'visible' && this.renderer !== null;
        if (wanted && this.request === 0) {
            this.lastMs = 0;
            this.request = requestAnimationFrame((now) => this.#frame(now));
        } else if (!wanted && this.request !== 0) {
            cancelAnimationFrame(this.request);
            this.request = 0;
        }
    }

    #frame(nowMs) {
        this.request = requestAnimationFrame((now) => this.#frame(now));
        const since = nowMs - this.lastMs;
        if (this.body === null || (this.lastMs !== 0 && since < this.frameMs - 2)) {
            return;
        }
        const isFirst = this.lastMs === 0;
        const dtS = isFirst ? 1 / 60 : Math.min(0.1, since / 1000);
        // Keeps to the rhythm, so that a cap of 30 on a screen of 60 is 30 and not 20.
        this.lastMs = !isFirst && since < 2 * this.frameMs ? this.lastMs + this.frameMs : nowMs;
        this.onFrame(dtS);
        this.renderer.render(this.scene, this.camera);
        this.nFrames++;
        this.#watchPace(isFirst ? this.frameMs : since);
    }

    // A machine without a graphics card draws fewer points rather than fewer frames.
    #watchPace(sinceMs) {
        this.sinceMs += (Math.min(sinceMs, 250) - this.sinceMs) * 0.1;
        this.nSlow = this.sinceMs > Math.max(SLOW_MS, this.frameMs * 1.2) ? this.nSlow + 1 : 0;
        if (!this.keepsRatio && this.nSlow > SLOW_FRAMES && this.ratio > RATIO_MIN) {
            this.ratio = Math.max(RATIO_MIN, this.ratio * 0.8);
            this.nSlow = 0;
            this.#fit();
        }
    }

    dispose() {
        this.listeners.abort();
        this.sizes.disconnect();
        cancelAnimationFrame(this.request);
        this.body?.dispose();
        this.body = null;
        this.renderer.dispose();
        this.renderer.forceContextLoss();
        this.renderer = null;
    }
}
