# Block design of @PREFIX@ behind AXI DMA, for Vivado. Untried: it has met neither Vivado nor a board.
#
#   vivado -mode batch -source vivado.tcl -tclargs pynq-z2      (or kv260)
#
# Vivado needs the board's files. Bitstream and hardware handoff end as @PREFIX@.bit and .hwh.

set board [expr {$argc > 0 ? [lindex $argv 0] : "pynq-z2"}]
set clock_mhz 100
switch $board {
  pynq-z2 { set part xc7z020clg400-1;     set board_part tul.com.tw:pynq-z2:part0:1.0 }
  kv260   { set part xck26-sfvc784-2LV-c; set board_part xilinx.com:kv260_som:part0:1.4 }
  default { error "board $board: expected pynq-z2 or kv260" }
}
set here [file dirname [file normalize [info script]]]
create_project -force @PREFIX@ $here/vivado -part $part
set_property board_part $board_part [current_project]
add_files $here/design.v
update_compile_order -fileset sources_1
create_bd_design system

# The processor: a port for registers, one for DMA, and the clock of all.
if {$board eq "pynq-z2"} {
  set ps [create_bd_cell -type ip -vlnv xilinx.com:ip:processing_system7 ps]
  apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \
    -config {make_external "FIXED_IO, DDR" apply_board_preset "1"} $ps
  set_property -dict [list CONFIG.PCW_USE_S_AXI_HP0 1 \
    CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ $clock_mhz] $ps
  lassign {FCLK_CLK0 FCLK_RESET0_N M_AXI_GP0 S_AXI_HP0} clock reset registers memory
  set port_clocks {M_AXI_GP0_ACLK S_AXI_HP0_ACLK}
} else {
  set ps [create_bd_cell -type ip -vlnv xilinx.com:ip:zynq_ultra_ps_e ps]
  apply_bd_automation -rule xilinx.com:bd_rule:zynq_ultra_ps_e -config {apply_board_preset "1"} $ps
  set_property -dict [list CONFIG.PSU__USE__M_AXI_GP0 1 CONFIG.PSU__USE__M_AXI_GP1 0 \
    CONFIG.PSU__USE__M_AXI_GP2 0 CONFIG.PSU__USE__S_AXI_GP2 1 \
    CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ $clock_mhz] $ps
  lassign {pl_clk0 pl_resetn0 M_AXI_HPM0_FPD S_AXI_HP0_FPD} clock reset registers memory
  set port_clocks {maxihpm0_fpd_aclk saxihp0_fpd_aclk}
}

create_bd_cell -type ip -vlnv xilinx.com:ip:proc_sys_reset resets
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect to_registers
create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect to_memory
create_bd_cell -type ip -vlnv xilinx.com:ip:axi_dma dma
set_property -dict {CONFIG.NUM_SI 1 CONFIG.NUM_MI 2} [get_bd_cells to_registers]
set_property -dict {CONFIG.NUM_SI 2 CONFIG.NUM_MI 1} [get_bd_cells to_memory]
set_property -dict {CONFIG.c_include_sg 0 CONFIG.c_sg_length_width 26 \
  CONFIG.c_m_axis_mm2s_tdata_width @BITS@ CONFIG.c_include_mm2s_dre 1 \
  CONFIG.c_s_axis_s2mm_tdata_width 32} [get_bd_cells dma]
create_bd_cell -type module -reference @PREFIX@ core

proc wire {name args} { foreach pin $args { connect_bd_net [get_bd_pins $name] [get_bd_pins $pin] } }
proc bus {from to} { connect_bd_intf_net [get_bd_intf_pins $from] [get_bd_intf_pins $to] }
wire ps/$clock resets/slowest_sync_clk to_registers/aclk to_memory/aclk core/aclk \
  dma/s_axi_lite_aclk dma/m_axi_mm2s_aclk dma/m_axi_s2mm_aclk
foreach pin $port_clocks { wire ps/$clock ps/$pin }
wire ps/$reset resets/ext_reset_in
wire resets/peripheral_aresetn to_registers/aresetn to_memory/aresetn core/aresetn \
  dma/axi_resetn
bus ps/$registers to_registers/S00_AXI
bus to_registers/M00_AXI core/s_axi
bus to_registers/M01_AXI dma/S_AXI_LITE
bus dma/M_AXI_MM2S to_memory/S00_AXI
bus dma/M_AXI_S2MM to_memory/S01_AXI
bus to_memory/M00_AXI ps/$memory
bus dma/M_AXIS_MM2S core/s_axis
bus core/m_axis dma/S_AXIS_S2MM
assign_bd_address
validate_bd_design
save_bd_design

make_wrapper -files [get_files system.bd] -top -import
set_property top system_wrapper [current_fileset]
launch_runs impl_1 -to_step write_bitstream -jobs 4
wait_on_run impl_1
file copy -force [glob $here/vivado/*.runs/impl_1/system_wrapper.bit] $here/@PREFIX@.bit
file copy -force [glob $here/vivado/*.gen/sources_1/bd/system/hw_handoff/system.hwh] $here/@PREFIX@.hwh
