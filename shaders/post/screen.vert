#version 410 core
// One triangle that covers the target.
out vec2 v_uv;

void main()
{
    v_uv = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    gl_Position = vec4(v_uv * 2. - 1., 0., 1.);
}
